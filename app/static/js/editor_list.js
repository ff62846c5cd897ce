// The order of steps: dragged by their handle, or moved with Alt and an arrow key.

const form = document.querySelector("form[data-editor]");
const rows = () => [...form.querySelectorAll(".editor-row")];

// Relative moves queue up: each is carried out on what the one before has made.
const move = (row, to) => htmx.ajax("POST", row.dataset.move, { source: form, values: { to } });

form.addEventListener("keydown", (event) => {
  const row = event.target.closest(".editor-row");
  const to = { ArrowUp: "up", ArrowDown: "down" }[event.key];
  if (!row || !to || !event.altKey) return;
  event.preventDefault();
  move(row, to);
});

let dragged;
let place; // where it would be dropped

function mark(y) {
  for (const row of rows()) delete row.dataset.keptDrop;
  const others = rows().filter((row) => row !== dragged);
  place = others.filter((row) => row.getBoundingClientRect().top + row.offsetHeight / 2 < y).length;
  const next = others[place];
  if (next) next.dataset.keptDrop = "before";
  else if (others.length) others.at(-1).dataset.keptDrop = "after";
}

function end(drop) {
  const row = dragged;
  const from = rows().indexOf(row);
  dragged = undefined;
  for (const each of rows()) delete each.dataset.keptDrop;
  delete row.dataset.keptDragged;
  if (drop && place !== undefined && place !== from) move(row, String(place));
}

form.addEventListener("pointerdown", (event) => {
  const handle = event.target.closest("[data-drag]");
  if (!handle || event.button !== 0) return;
  event.preventDefault();
  dragged = handle.closest(".editor-row");
  dragged.dataset.keptDragged = "";
  place = undefined;
  handle.setPointerCapture(event.pointerId);
});
form.addEventListener("pointermove", (event) => dragged && mark(event.clientY));
form.addEventListener("pointerup", () => dragged && end(true));
form.addEventListener("pointercancel", () => dragged && end(false));
document.addEventListener("keydown", (event) => dragged && event.key === "Escape" && end(false));
