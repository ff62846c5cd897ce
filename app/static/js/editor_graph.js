// The graph in the editor: zoom, and choosing what a step waits for by picking boxes. Both outlive a new drawing.

const STEP = 1.25;
const LEAST = 0.25;
const MOST = 2;
const READABLE = 0.75; // as it first stands it may be larger than its place, but never smaller than this

const byId = (id) => document.getElementById(id);
const graph = () => byId("graph");
const svg = () => graph()?.querySelector(".graph-canvas");

let zoom;

function fitting(least) {
  const { width, height } = svg().viewBox.baseVal;
  const room = graph();
  const fits = Math.min((room.clientWidth - 24) / width, (room.clientHeight - 24) / height);
  return Math.min(Math.max(fits, least), 1.1);
}

function draw() {
  if (!svg()) return;
  zoom ??= fitting(READABLE);
  svg().classList.remove("graph-fit");
  svg().setAttribute("width", Math.round(svg().viewBox.baseVal.width * zoom));
}

// Scrolls the graph alone: on a phone the page must stay where it is.
function seePicked() {
  const box = graph()?.querySelector(".graph-picked")?.getBoundingClientRect();
  if (!box) return;
  const room = graph().getBoundingClientRect();
  const beyond = (low, high, from, to) => (low < from ? low - from - 24 : high > to ? high - to + 24 : 0);
  graph().scrollBy(beyond(box.left, box.right, room.left, room.right), beyond(box.top, box.bottom, room.top, room.bottom));
}

document.addEventListener("click", ({ target }) => {
  const wish = target.closest("[data-zoom]")?.dataset.zoom;
  if (!wish || !svg()) return;
  if (wish === "fit") zoom = fitting(LEAST);
  else zoom = Math.min(Math.max(zoom * (wish === "in" ? STEP : 1 / STEP), LEAST), MOST);
  draw();
});

// ── Picking ────────────────────────────────────────────────────────────────────────────────────────────────────────

let picking = ""; // what is open while its prerequisites are picked

const ticks = () => [...document.querySelectorAll('#editor-panel input[type="checkbox"][name="dependsOn"]')];

function showPicking() {
  if (picking && picking !== byId("editor-open").value) picking = "";
  const words = byId("picking");
  words.hidden = !picking;
  words.querySelector("[data-picking]").textContent = byId("panel-title").textContent.trim();
  graph()?.toggleAttribute("data-kept-picking", Boolean(picking));
}

function endPicking() {
  if (!picking) return;
  picking = "";
  showPicking();
  byId("pick-start")?.focus();
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-pick-start]")) {
    picking = byId("editor-open").value;
    showPicking();
    graph()?.querySelector(".graph-box:not(.graph-picked)")?.focus();
  }
  if (event.target.closest("[data-pick-end]")) endPicking();
});
document.addEventListener("keydown", (event) => event.key === "Escape" && endPicking());

// Before anybody else takes it for opening a step.
document.addEventListener("click", (event) => {
  const box = picking && event.target.closest(".graph-box");
  if (!box) return;
  event.preventDefault();
  event.stopPropagation();
  ticks().find((tick) => `box-${tick.value}` === box.id)?.click();
}, true);

document.addEventListener("editor:drawn", ({ detail }) => {
  draw();
  showPicking();
  if (detail.opened) seePicked();
});

draw();
seePicked();
