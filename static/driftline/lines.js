/* Draws the charts of lines that the server sends: a field's statistics when they are opened, fields side by side. */

const CONFIG = { displayModeBar: false, responsive: true, doubleClick: false, scrollZoom: false };
const PHONE = 720;

function isShown(plot) {
  const folded = plot.closest("details");
  return !folded || folded.open;
}

async function draw(plot) {
  if (!isShown(plot)) return;
  const url = new URL(plot.dataset.lines, location.href);
  for (const [key, value] of new URLSearchParams(location.search)) url.searchParams.append(key, value);
  url.searchParams.set("theme", document.documentElement.dataset.bsTheme);
  const answer = await fetch(url, { credentials: "same-origin" });
  if (!answer.ok) {
    plot.textContent = "The chart could not be read. The table holds the same numbers.";
    return;
  }
  const { data, layout } = await answer.json();
  if (window.innerWidth < PHONE) layout.margin = { ...layout.margin, l: 40, r: layout.annotations ? 56 : 12 };
  await window.Plotly.react(plot, data, layout, CONFIG);
  const note = document.getElementById(`${plot.id}-note`);
  if (note) note.textContent = layout.meta.note || "";
  plot.dataset.drawn = String((Number(plot.dataset.drawn) || 0) + 1);
}

const all = () => document.querySelectorAll("[data-lines]").forEach(draw);
document.addEventListener("driftline:theme", all);
document.addEventListener("toggle", (event) => event.target.querySelectorAll?.("[data-lines]").forEach(draw), true);
all();
