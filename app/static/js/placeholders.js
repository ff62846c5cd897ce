// Completes {{ … }} in fields with [data-placeholders] from #known-paths (web/panel/placeholders.py): arrows choose,
// Enter takes, Escape closes. One list for all fields, over the page, so that no redrawing takes it away.
// Under unknown paths the server draws a line (.marks); it is hidden while the text is not the one it was drawn for.

const MOST = 50;
const BEGUN = /\{\{\s*([\w.-]*)$/;
const list = document.createElement("ul");
Object.assign(list, { id: "placeholder-list", popover: "manual", className: "suggestions", role: "listbox", ariaLabel: "Paths" });
let field = null; // whose list is open
let found = [];
let at = 0;

const known = () => JSON.parse(document.getElementById("known-paths")?.dataset.paths ?? "[]");
const isOurs = (element) => element?.matches?.("[data-placeholders]:not(:disabled)");

function begun(control) {
  if (control.selectionStart !== control.selectionEnd) return null;
  return control.value.slice(0, control.selectionStart).match(BEGUN)?.[1] ?? null;
}

function matching(word) {
  const wanted = word.toLowerCase();
  const rank = ({ path, title }) => [path.toLowerCase().startsWith(wanted), path.toLowerCase().includes(wanted), title.toLowerCase().includes(wanted)].indexOf(true);
  return known().map((one) => [rank(one), one]).filter(([rank]) => rank >= 0).sort(([a], [b]) => a - b).slice(0, MOST).map(([, one]) => one);
}

function option({ path, title, type, certain }, n) {
  const item = document.createElement("li");
  Object.assign(item, { id: `placeholder-${n}`, role: "option", ariaSelected: String(n === at) });
  item.dataset.n = n;
  const code = document.createElement("code");
  code.textContent = path;
  const about = document.createElement("span");
  about.textContent = [title, type, certain ? "" : "may be missing"].filter(Boolean).join(" · ");
  item.append(code, about);
  return item;
}

function show(control) {
  const word = begun(control);
  const matches = word === null ? [] : matching(word);
  if (!matches.length) return close();
  if (field !== control || matches[at]?.path !== found[at]?.path) at = 0;
  [field, found] = [control, matches];
  list.replaceChildren(...found.map(option));
  if (!list.isConnected) document.body.append(list);
  list.showPopover();
  place();
  say();
}

// Below the field; above it where there is more room.
function place() {
  const box = field.getBoundingClientRect();
  const below = innerHeight - box.bottom;
  const above = below < 200 && box.top > below;
  list.style.left = `${box.left}px`;
  list.style.width = `${box.width}px`;
  list.style.maxHeight = `${Math.min(260, (above ? box.top : below) - 8)}px`;
  list.style.top = above ? "auto" : `${box.bottom + 2}px`;
  list.style.bottom = above ? `${innerHeight - box.top + 2}px` : "auto";
}

// What a screen reader is told. A field of many lines is a text box and can't be a combobox.
function say() {
  if (field.localName === "input") Object.assign(field, { role: "combobox", ariaExpanded: "true" });
  else field.ariaHasPopup = "listbox";
  field.ariaAutoComplete = "list";
  field.setAttribute("aria-controls", list.id);
  field.setAttribute("aria-activedescendant", `placeholder-${at}`);
}

function close() {
  if (!field) return;
  if (list.matches(":popover-open")) list.hidePopover();
  for (const name of ["role", "aria-expanded", "aria-haspopup", "aria-autocomplete", "aria-controls", "aria-activedescendant"]) field.removeAttribute(name);
  field = null;
}

function choose(n) {
  at = (n + found.length) % found.length;
  for (const item of list.children) item.ariaSelected = String(Number(item.dataset.n) === at);
  list.children[at].scrollIntoView({ block: "nearest" });
  field.setAttribute("aria-activedescendant", `placeholder-${at}`);
}

function take(n) {
  const control = field;
  const caret = control.selectionStart;
  const start = control.value.lastIndexOf("{{", caret - 1);
  const rest = control.value.slice(caret);
  const word = rest.match(/^[\w.-]*/)[0].length;
  const closed = /^\s*(\}\}|\|)/.test(rest.slice(word));
  control.setRangeText(`{{ ${found[n].path}${closed ? "" : " }}"}`, start, caret + word, "end");
  close();
  control.dispatchEvent(new Event("input", { bubbles: true }));
}

const KEYS = { ArrowDown: () => choose(at + 1), ArrowUp: () => choose(at - 1), Enter: () => take(at), Escape: close };

// Before anybody else hears of the key: Enter would send the form, Escape leave the field (keys.js).
document.addEventListener("keydown", (event) => {
  const act = event.target === field && !event.isComposing && !event.ctrlKey && !event.metaKey && KEYS[event.key];
  if (!act) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  act();
}, true);
document.addEventListener("input", ({ target }) => {
  if (!isOurs(target)) return;
  mark(target);
  show(target);
});
document.addEventListener("click", ({ target }) => isOurs(target) && target !== field && show(target));
document.addEventListener("selectionchange", () => field && begun(field) === null && close());
document.addEventListener("focusout", ({ target }) => target === field && close());
document.addEventListener("scroll", ({ target }) => {
  if (field && target !== list) place();
  if (isOurs(target)) align(target);
}, true);
addEventListener("resize", () => field && place());
list.addEventListener("mousedown", (event) => event.preventDefault()); // the field keeps the focus
list.addEventListener("click", (event) => {
  const item = event.target.closest("[data-n]");
  if (item) take(Number(item.dataset.n));
});

const marks = (control) => control.parentElement.querySelector(".marks");

function mark(control) {
  const drawn = marks(control);
  if (drawn) drawn.hidden = drawn.textContent !== control.value;
  if (drawn && !drawn.hidden) align(control);
}

function align(control) {
  const drawn = marks(control);
  if (drawn) [drawn.scrollTop, drawn.scrollLeft] = [control.scrollTop, control.scrollLeft];
}

document.addEventListener("htmx:after:swap", () => {
  document.querySelectorAll("[data-placeholders]").forEach(mark);
  if (!field) return;
  if (field.isConnected) say(); // the answer knows nothing of what the island says
  else close();
});
