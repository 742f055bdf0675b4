/* What every page does: refresh while it is looked at, menus, dialogs, keys. Nothing here draws a number. */

const REFRESH_MS = 10_000;

// ---- refresh: the board asks again while the tab is visible, and only what changed is put in its place

const boards = () => document.querySelectorAll("[data-refresh]");
const seen = new WeakMap();

function isBusy(board) {
  const dialog = document.querySelector("dialog[open]");
  return dialog || board.querySelector("details[open]") || board.matches(":has(input:not([type=checkbox]):focus)");
}

function refresh(board) {
  if (document.hidden || isBusy(board)) return;
  const headers = { "X-Seen": seen.get(board) || "" };
  window.htmx.ajax("GET", location.href, { source: board, target: board, swap: "none", headers });
}

document.addEventListener("htmx:afterRequest", (event) => {
  const { elt, xhr, successful } = event.detail;
  if (successful && elt.matches("[data-refresh]")) take(elt, xhr);
});

function take(board, xhr) {
  if (xhr.responseURL && new URL(xhr.responseURL).pathname !== location.pathname) {
    location.reload(); // signed out meanwhile
    return;
  }
  tellMoment(board, decodeURIComponent(xhr.getResponseHeader("X-As-Of") || ""));
  if (xhr.status !== 200 || isBusy(board)) return;
  const fresh = document.createElement("template");
  fresh.innerHTML = xhr.responseText;
  const known = seen.has(board);
  seen.set(board, xhr.getResponseHeader("X-Version") || "");
  const changed = renew(board, fresh.content);
  if (changed && known) document.dispatchEvent(new CustomEvent("driftline:changed"));
}

function tellMoment(board, text) {
  const place = board.querySelector("[data-asof]");
  if (place && text) place.textContent = text;
}

/* Parts whose markup differs are put in place of the old ones; of a table with the same rows only those that differ. */
function renew(board, fresh) {
  const focused = document.activeElement?.closest("[id]")?.id;
  const link = document.activeElement?.matches("a.as-name");
  const scroll = [window.scrollX, window.scrollY];
  const parts = (root) => [...root.querySelectorAll("[data-part]")];
  const names = (root) => parts(root).map((part) => part.id).join(" ");
  let changed = true;
  if (names(board) === names(fresh)) {
    changed = parts(fresh).filter((now) => put(document.getElementById(now.id), now)).length > 0;
  } else {
    board.replaceChildren(fresh);
    window.htmx.process(board);
  }
  const again = focused && document.getElementById(focused);
  if (again && !again.contains(document.activeElement)) {
    (link ? again.querySelector("a.as-name") : again)?.focus({ preventScroll: true });
  }
  window.scrollTo(...scroll);
  return changed;
}

function put(old, now) {
  if (now.matches("tbody")) {
    const [before, after] = [[...old.rows], [...now.rows]];
    if (before.length === after.length && before.every((row, k) => row.id === after[k].id)) {
      return after.filter((row, k) => !row.isEqualNode(before[k]) && (before[k].replaceWith(row) || true)).length > 0;
    }
  }
  if (bare(old) === bare(now)) return false;
  old.replaceWith(now);
  window.htmx.process(now);
  return true;
}

/* What htmx marks on the elements it knows is no difference, nor is a form's key, which is masked anew each time. */
function bare(node) {
  const copy = node.cloneNode(true);
  copy.querySelectorAll("[data-asof]").forEach((part) => part.replaceChildren());
  copy.querySelectorAll("[name=csrfmiddlewaretoken]").forEach((part) => part.removeAttribute("value"));
  copy.querySelectorAll("[class]").forEach((part) => part.className.baseVal === undefined && part.classList.remove("htmx-request", "htmx-settling", "htmx-swapping", "htmx-added"));
  return copy.innerHTML.replace(/ class=""/g, "");
}

setInterval(() => boards().forEach(refresh), REFRESH_MS);
document.addEventListener("driftline:refresh", () => boards().forEach(refresh));
document.addEventListener("visibilitychange", () => document.hidden || boards().forEach(refresh));
if (document.querySelector("[data-refresh-page]")) {
  setInterval(() => document.hidden || location.reload(), REFRESH_MS);
}

// ---- menus: one open at a time; Escape and a click elsewhere close it

document.addEventListener("click", (event) => {
  document.querySelectorAll("details.dl-menu[open]").forEach((menu) => menu.contains(event.target) || (menu.open = false));
});

// ---- the theme changes without a new page; the choice is kept by the server

document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (!button || !button.matches("[data-theme-switch]")) return;
  event.preventDefault();
  const body = new FormData(event.target, button);
  fetch(event.target.action, { method: "POST", body, credentials: "same-origin", redirect: "manual" });
  const root = document.documentElement;
  const theme = button.value;
  root.dataset.bsTheme = root.dataset.themeChoice = theme;
  button.value = theme === "dark" ? "light" : "dark";
  button.setAttribute("aria-label", theme === "dark" ? "Light theme" : "Dark theme");
  button.querySelector("use").setAttribute("href", theme === "dark" ? "#i-sun" : "#i-moon");
  document.dispatchEvent(new CustomEvent("driftline:theme"));
});

// ---- dialogs: a link marked data-dialog shows its page in one; without this script it is a page

document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[data-dialog]");
  if (!link || event.metaKey || event.ctrlKey || event.button !== 0) return;
  event.preventDefault();
  const dialog = document.getElementById("dialog");
  const answer = await fetch(link.href, { headers: { "HX-Request": "true" }, credentials: "same-origin" });
  if (!answer.ok) {
    location.assign(link.href);
    return;
  }
  dialog.innerHTML = await answer.text();
  window.htmx.process(dialog);
  dialog.showModal();
});

document.addEventListener("click", (event) => {
  const done = event.target.closest("dialog [data-done]");
  if (done) {
    event.preventDefault();
    done.closest("dialog").close();
    boards().forEach(refresh);
  }
  if (event.target.closest("[data-close]")) {
    const dialog = event.target.closest("dialog");
    if (dialog) {
      event.preventDefault();
      dialog.close();
    }
  }
});

// ---- keys

function rowLinks() {
  return [...document.querySelectorAll("tr.lk a.as-name")];
}

function move(step) {
  const links = rowLinks();
  if (!links.length) return;
  const at = links.indexOf(document.activeElement);
  const next = links[Math.min(links.length - 1, Math.max(0, at < 0 ? 0 : at + step))];
  next.focus();
  next.closest("tr").scrollIntoView({ block: "nearest" });
}

let after = "";
const KEYS = {
  j: () => move(1),
  k: () => move(-1),
  "/": () => (document.querySelector("#filter") || document.querySelector("[data-search]")).focus(),
  "?": () => document.getElementById("keys").showModal(),
  "[": () => document.querySelector("[data-window=before]")?.click(),
  "]": () => document.querySelector("[data-window=after]")?.click(),
  t: () => document.querySelector("[data-view]:not([aria-current])")?.click(),
  go: () => location.assign(document.querySelector(".brand").href),
  ga: () => location.assign(document.querySelector(".nav-main a[href$='/alerts/']").href),
  gh: () => document.querySelector(".nav-main a:last-child").click(),
};

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") document.querySelectorAll("details.dl-menu[open]").forEach((menu) => (menu.open = false));
  if (event.key === "Escape" && event.target.matches("input[type=search]")) event.target.blur();
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (typing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  const key = after + event.key;
  after = event.key === "g" ? "g" : "";
  const act = KEYS[key];
  if (act) {
    event.preventDefault();
    act();
  }
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-keys]")) document.getElementById("keys").showModal();
});

// ---- a row opens its assay wherever it is clicked

document.addEventListener("click", (event) => {
  const row = event.target.closest("tr.lk");
  if (!row || event.target.closest("a, button, input, summary") || String(getSelection())) return;
  row.querySelector("a.as-name, a[href]")?.click();
});

// ---- the overview's meters say how many false alarms to expect, once somebody points at one

const told = new WeakSet();

document.addEventListener("mouseover", async (event) => {
  const meter = event.target.closest("tr.lk td.c-meter");
  const link = meter?.closest("tr").querySelector("a.as-name");
  if (!link || told.has(meter)) return;
  told.add(meter);
  const answer = await fetch(`${link.pathname}expected/`, { credentials: "same-origin" });
  if (answer.ok) meter.title = await answer.text();
});
