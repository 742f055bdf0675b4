/* Triage by keys: moving, choosing, acting and undoing. Everything it does, a link or a form of the page does too. */

const WIDE = window.matchMedia("(min-width: 1280px)");
const TOAST_MS = 8_000;
const OPEN_AFTER_MS = 150;

const root = document.documentElement;
const links = () => [...document.querySelectorAll(".inc-link")];
const boxes = () => [...document.querySelectorAll("#incidents .ck[name=incident]")];
const chosen = new Set(); // ids: a refreshed list brings new boxes, with newer versions

root.classList.add("scripted");

// ---- choosing several

const idOf = (box) => box.value.split(":")[0];

function told() {
  const many = boxes().filter((box) => box.checked).length;
  root.classList.toggle("selecting", many > 0);
  const place = document.querySelector("[data-chosen]");
  if (place) place.textContent = many === 1 ? "1 incident" : `${many} incidents`;
  document.querySelectorAll("[data-group]").forEach((group) => {
    const mine = membersOf(group);
    const on = mine.filter((box) => box.checked).length;
    group.checked = on > 0 && on === mine.length;
    group.indeterminate = on > 0 && on < mine.length;
  });
}

const membersOf = (group) => [...(group.closest(".grp-h").nextElementSibling?.querySelectorAll(".ck") || [])];

function choose(box, on) {
  box.checked = on;
  chosen[on ? "add" : "delete"](idOf(box));
}

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-group]")) membersOf(event.target).forEach((box) => choose(box, event.target.checked));
  if (event.target.matches("#incidents .ck[name=incident]")) choose(event.target, event.target.checked);
  if (event.target.matches("#incidents .ck")) told();
});

function restore() {
  boxes().forEach((box) => (box.checked = chosen.has(idOf(box))));
  const here = new Set(boxes().map(idOf));
  chosen.forEach((id) => here.has(id) || chosen.delete(id));
  told();
  const count = document.getElementById("verdict")?.dataset.open;
  if (count !== undefined) document.querySelectorAll("[data-count]").forEach((place) => tellCount(place, Number(count)));
}

function tellCount(place, many) {
  place.hidden = !many;
  place.className = "count hot";
  place.textContent = many > 999 ? "999+" : String(many || "");
}

// ---- moving: on a wide screen the incident opens beside the list as one comes to it

let pending = 0;

function move(step) {
  const all = links();
  if (!all.length) return;
  const at = all.includes(document.activeElement) ? all.indexOf(document.activeElement) : all.findIndex((link) => link.getAttribute("aria-current"));
  const next = all[Math.min(all.length - 1, Math.max(0, at < 0 ? 0 : at + step))];
  next.focus({ preventScroll: true });
  next.closest(".inc").scrollIntoView({ block: "nearest" });
  clearTimeout(pending);
  if (WIDE.matches) pending = setTimeout(() => next.click(), OPEN_AFTER_MS);
}

function show(id) {
  links().forEach((link) => {
    const on = link.closest(".inc").id === `i-${id}`;
    link.closest(".inc").classList.toggle("on", on);
    if (on) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  });
}

document.addEventListener("htmx:configRequest", (event) => {
  const { elt } = event.detail;
  if (elt.matches(".inc-link") && !WIDE.matches) {
    event.preventDefault(); // there it is a page of its own
    location.assign(elt.href);
  }
});

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id === "incident") show(document.getElementById("incident").dataset.seen.split(":")[0]);
});

// ---- acting

const current = () => document.querySelector(".inc-link:focus") || document.querySelector(".inc-link[aria-current]");

function act(name) {
  const bulk = document.querySelector(`[data-bulk=${name}]`);
  if (bulk && boxes().some((box) => box.checked)) {
    bulk.click();
    return;
  }
  const pane = document.getElementById("incident");
  const row = current()?.closest(".inc")?.id.slice(2);
  const beside = document.querySelector(`#incident [data-act=${name}]`);
  if (beside && (!row || pane.dataset.seen.startsWith(row))) {
    beside.click();
    return;
  }
  const box = row && document.querySelector(`#i-${row} .ck`);
  if (!box || !bulk) return;
  choose(box, true);
  told();
  bulk.click();
}

/* Asking about several opens in the dialog; without this script it is a page. */
document.addEventListener("click", (event) => {
  const bulk = event.target.closest("[data-bulk][formmethod=get]");
  if (!bulk) return;
  event.preventDefault();
  const query = new URLSearchParams(boxes().filter((box) => box.checked).map((box) => ["incident", box.value]));
  query.set("next", location.pathname + location.search);
  const link = Object.assign(document.createElement("a"), { href: `${bulk.formAction}?${query}` });
  link.dataset.dialog = "";
  link.hidden = true;
  document.body.append(link);
  link.click();
  link.remove();
});

document.addEventListener("asking", () => {
  const dialog = document.getElementById("dialog");
  if (!dialog.open) dialog.showModal();
});

document.addEventListener("triaged", () => {
  chosen.clear();
  boxes().forEach((box) => (box.checked = false));
  told();
  document.getElementById("dialog").close();
  document.dispatchEvent(new CustomEvent("driftline:refresh"));
});

// ---- what has been done is told for a while

let fading = 0;

function fade() {
  clearTimeout(fading);
  fading = setTimeout(() => {
    const box = document.getElementById("toasts");
    if (box.matches(":hover, :focus-within")) fade();
    else box.replaceChildren();
  }, TOAST_MS);
}

document.addEventListener("htmx:afterSwap", (event) => event.detail.target.id === "toasts" && fade());
if (document.querySelector("[data-toast]")) fade();

// ---- keys

const KEYS = {
  j: () => move(1),
  k: () => move(-1),
  x: () => {
    const box = current()?.closest(".inc")?.querySelector(".ck");
    if (box) choose(box, !box.checked);
    told();
  },
  a: () => act("acknowledge"),
  s: () => act("snooze"),
  i: () => act("assign"),
  n: () => act("note"),
  r: () => act("resolve"),
  f: () => act("mark"),
  z: () => document.querySelector("#toasts [data-undo], #incident [data-undo]")?.click(),
};

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]");
  if (typing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  const perform = KEYS[event.key];
  if (!perform || (event.defaultPrevented && !"jk".includes(event.key))) return;
  event.preventDefault();
  perform();
});

document.addEventListener("htmx:afterRequest", (event) => event.detail.elt.matches("[data-refresh]") && restore());
restore();
if (WIDE.matches && document.querySelector(".inc-pane.empty")) links()[0]?.click();
