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

document.addEventListener("click", (event) => {
  const taker = event.target.closest("[data-export]");
  if (taker) take(taker.dataset.export);
  if (event.target.closest("[data-again]")) draw();
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
