/* Draws the score chart from the figure the server sends; a click selects a window, the server says what it shows. */

const PHONE = 720;
const SKELETON_AFTER_MS = 300;
const CONFIG = { displayModeBar: false, responsive: true, doubleClick: false, scrollZoom: false };

const box = () => document.getElementById("plot");
let asked = 0;
let version = "";

function address(plot) {
  const url = new URL(plot.dataset.figure, location.href);
  const here = new URLSearchParams(location.search);
  const chosen = document.getElementById("window")?.dataset.selected;
  for (const [key, value] of here) if (key !== "view" && key !== "page") url.searchParams.set(key, value);
  if (chosen) url.searchParams.set("window", chosen);
  url.searchParams.set("theme", document.documentElement.dataset.bsTheme);
  return url;
}

function forPhones(layout, width) {
  if (width >= PHONE) return layout;
  const short = (text) => text.replace(/^(Rows|Change in.*)$/, "").replace(/^noise,.*$/, "noise").replace(/^[A-Z][a-z]+ /, "");
  const annotations = layout.annotations.map((note) => (note.xref === "paper" ? { ...note, text: short(note.text), xshift: 4 } : note));
  return { ...layout, annotations, margin: { ...layout.margin, l: layout.yaxis3 ? 78 : 34, r: 36 } };
}

async function draw() {
  const plot = box();
  if (!plot) return;
  const mine = ++asked;
  const late = setTimeout(() => plot.classList.add("waiting"), SKELETON_AFTER_MS);
  try {
    const answer = await fetch(address(plot), { credentials: "same-origin", headers: { "X-Seen": plot.data ? version : "" } });
    if (mine !== asked || answer.status === 204) return;
    if (!answer.ok) throw new Error(`the figure answered ${answer.status}`);
    const figure = await answer.json();
    version = answer.headers.get("X-Version") || "";
    await show(plot, figure);
  } catch (error) {
    if (mine === asked) failed(true);
    console.info(String(error));
  } finally {
    clearTimeout(late);
    plot.classList.remove("waiting");
  }
}

async function show(plot, figure) {
  const fresh = !plot.data;
  const meta = figure.layout.meta || {};
  await window.Plotly.react(plot, figure.data, forPhones(figure.layout, window.innerWidth), CONFIG);
  if (fresh) plot.on("plotly_click", choose);
  plot.dataset.near = meta.near || "";
  followForm();
  const note = document.getElementById("plot-note");
  if (note) note.textContent = meta.note || "";
  plot.dataset.drawn = String((Number(plot.dataset.drawn) || 0) + 1);
  failed(false);
}

function failed(yes) {
  const told = document.getElementById("plot-failed");
  if (told) told.hidden = !yes;
}

/* A point that stands for many windows asks for the worst of them. */
function choose(event) {
  const point = event.points.find((one) => one.customdata !== undefined);
  if (!point) return;
  const query = new URLSearchParams(location.search);
  query.set("window", point.customdata);
  const near = box().dataset.near;
  if (near) query.set("near", near);
  window.htmx.ajax("GET", `${location.pathname}?${query}`, { target: "#window", swap: "outerHTML" });
}

// ---- what if: the threshold lines follow the form, and the form follows a dragged line

const REACH = 7;
const LABELS_APART = 0.075;
let held = null;

const form = () => document.getElementById("whatif-form");

function lineOf(name) {
  return (box()?.data || []).findIndex((trace) => trace.name === name);
}

/* Not restyled: that would take the axes' types for unknown, and dates for numbers. */
function moveLine(name, value) {
  const plot = box();
  const at = lineOf(name);
  if (at < 0 || !Number.isFinite(value) || plot.data[at].y[0] === value) return;
  const data = plot.data.map((trace, k) => (k === at ? { ...trace, y: [value, value] } : trace));
  const named = (note) => ({ ...note, y: value, text: note.text.replace(/[\d.,<]+$/, value.toFixed(2)) });
  const annotations = apart(plot.layout.annotations.map((note) => (note.name === name ? named(note) : { ...note })));
  window.Plotly.react(plot, data, { ...plot.layout, annotations }, CONFIG);
}

/* Labels beside the score's axis, from the lowest upwards, as the server spreads them. */
function apart(notes) {
  const least = LABELS_APART * box().layout.yaxis.range[1];
  const beside = notes.filter((note) => note.yref === "y").sort((one, other) => one.y - other.y);
  let below = -Infinity;
  for (const note of beside) below = note.y = Math.max(note.y, below + least);
  return notes;
}

function followForm() {
  if (!form() || held) return;
  for (const name of ["warning", "alert"]) if (form().elements[name].value) moveLine(name, Number(form().elements[name].value));
}

function scoreAt(event) {
  const axis = box()._fullLayout.yaxis;
  return axis.p2l(event.clientY - box().getBoundingClientRect().top - axis._offset);
}

function lineNear(event) {
  if (!form() || !box()?._fullLayout) return null;
  const axis = box()._fullLayout.yaxis;
  const y = event.clientY - box().getBoundingClientRect().top - axis._offset;
  return ["alert", "warning"].find((name) => {
    const at = lineOf(name);
    return at >= 0 && Math.abs(axis.l2p(box().data[at].y[0]) - y) <= REACH;
  });
}

function drag(event) {
  const value = Math.max(0, scoreAt(event));
  const typed = form().elements[held];
  typed.value = Number(value.toPrecision(3));
  moveLine(held, Number(typed.value));
  typed.dispatchEvent(new Event("input", { bubbles: true }));
}

document.addEventListener("pointerdown", (event) => {
  if (!event.target.closest?.("#plot")) return;
  held = lineNear(event);
  if (!held) return;
  event.preventDefault();
  event.stopPropagation();
  box().classList.add("grabbing");
}, true);
document.addEventListener("pointermove", (event) => {
  if (held) drag(event);
  else if (event.target.closest?.("#plot")) box().classList.toggle("grabbing", Boolean(lineNear(event)));
}, true);
document.addEventListener("pointerup", () => {
  held = null;
  box()?.classList.remove("grabbing");
}, true);
document.addEventListener("mousedown", (event) => held && event.stopPropagation(), true);
document.addEventListener("touchstart", (event) => {
  const touch = event.touches[0];
  if (event.target.closest?.("#plot") && lineNear(touch)) event.preventDefault();
}, { capture: true, passive: false });
document.addEventListener("input", (event) => event.target.form?.id === "whatif-form" && followForm());
document.addEventListener("click", (event) => {
  const tried = event.target.closest("[data-try]");
  if (!tried || !form()) return;
  event.preventDefault();
  form().elements.alert.value = tried.dataset.try;
  if (Number(form().elements.warning.value) > Number(tried.dataset.try)) form().elements.warning.value = "";
  form().elements.alert.dispatchEvent(new Event("input", { bubbles: true }));
});

async function take(kind) {
  const plot = box();
  if (!plot || !plot.data) return;
  const name = document.title.split(",")[0].replace(/[^\p{L}\p{N}]+/gu, "-").slice(0, 60) || "chart";
  const { width, height } = plot.getBoundingClientRect();
  const ground = getComputedStyle(document.documentElement).getPropertyValue("--dl-surface").trim();
  const layout = { ...plot.layout, paper_bgcolor: ground, plot_bgcolor: ground };
  const url = await window.Plotly.toImage({ data: plot.data, layout }, { format: kind, width, height, scale: 2 });
  const link = document.createElement("a");
  link.href = url;
  link.download = `${name}.${kind}`;
  link.click();
}

async function copy(button) {
  const field = document.getElementById(button.dataset.copyOf || "");
  field?.select();
  await navigator.clipboard.writeText(field ? field.value : location.href);
  button.append(button.dataset.copied ? "" : " · copied");
  button.dataset.copied = "yes";
}

document.addEventListener("click", (event) => {
  const taker = event.target.closest("[data-export]");
  if (taker) take(taker.dataset.export);
  if (event.target.closest("[data-again]")) draw();
  const copier = event.target.closest("[data-copy-of], [data-copy-link]");
  if (copier) copy(copier);
});
document.addEventListener("htmx:afterSwap", (event) => event.detail.target.id === "window" && draw());
document.addEventListener("driftline:theme", draw);
document.addEventListener("driftline:changed", draw);

let wide = window.innerWidth >= PHONE;
window.addEventListener("resize", () => {
  if (wide !== window.innerWidth >= PHONE) {
    wide = !wide;
    version = "";
    draw();
  }
});

draw();
