/* Before the first paint: tells the server what this browser prefers, and follows the system's theme until one is chosen. */
(function () {
  "use strict";
  var root = document.documentElement;
  var dark = window.matchMedia("(prefers-color-scheme: dark)");
  function keep(name, value) {
    document.cookie = name + "=" + encodeURIComponent(value) + "; path=/; max-age=31536000; samesite=lax";
  }
  function follow() {
    var theme = dark.matches ? "dark" : "light";
    keep("system-theme", theme);
    if (root.dataset.themeChoice === "system" && root.dataset.bsTheme !== theme) {
      root.dataset.bsTheme = theme;
      document.dispatchEvent(new CustomEvent("driftline:theme"));
    }
  }
  keep("browser-zone", Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC");
  follow();
  dark.addEventListener("change", follow);
})();
