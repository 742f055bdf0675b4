/* The wall display: says when its refreshes have stopped. */

const PATIENCE_MS = 60_000;
let answered = Date.now();

document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.successful) answered = Date.now();
});

setInterval(() => {
  const silent = Date.now() - answered;
  const told = document.querySelector("[data-stale]");
  told.hidden = silent < PATIENCE_MS;
  told.querySelector("[data-minutes]").textContent = Math.floor(silent / 60_000);
}, 5_000);
