// The keyboard. Rows are [data-row] with a link [data-open] and perhaps a checkbox [data-pick]; places are [data-go="i"].
// j and k move the real focus from link to link, so Enter opens and a screen reader follows without anything more.

const GO_WITHIN_MS = 1000;
let goPressedAt = -Infinity;

const rows = () => [...document.querySelectorAll("[data-row]")].filter((row) => row.offsetParent);
const typing = (element) => element.matches?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");

function move(by) {
  const all = rows();
  if (!all.length) return;
  const at = all.indexOf(document.activeElement.closest("[data-row]"));
  const picked = at < 0 ? all.findIndex((row) => row.querySelector('[aria-current="true"]')) : at;
  const next = all[picked < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(picked + by, 0), all.length - 1)];
  next.querySelector("[data-open]")?.focus();
  next.scrollIntoView({ block: "nearest" });
}

const ACTIONS = {
  "/": () => document.querySelector("[data-search]")?.select(),
  "?": () => document.getElementById("keys")?.togglePopover(),
  j: () => move(1),
  k: () => move(-1),
  x: () => document.activeElement.closest("[data-row]")?.querySelector("[data-pick]")?.click(),
  g: () => { goPressedAt = performance.now(); },
};

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) return event.target.form?.requestSubmit();
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.key === "Escape" && typing(event.target)) return event.target.blur();
  if (typing(event.target)) return;
  const going = performance.now() - goPressedAt < GO_WITHIN_MS;
  const place = going && document.querySelector(`[data-go="${CSS.escape(event.key)}"]`);
  goPressedAt = -Infinity;
  const action = place ? () => place.click() : ACTIONS[event.key];
  if (!action) return;
  event.preventDefault();
  action();
});

// Shift and a click pick all rows from the last one picked.
let lastPick;
document.addEventListener("click", (event) => {
  const pick = event.target.closest("[data-pick]");
  if (!pick) return;
  const picks = [...document.querySelectorAll("[data-pick]")];
  const [from, to] = [picks.indexOf(lastPick), picks.indexOf(pick)].sort((a, b) => a - b);
  if (event.shiftKey && from >= 0) for (const each of picks.slice(from, to + 1)) each.checked = pick.checked;
  for (const each of picks) each.closest("[data-row]").ariaSelected = String(each.checked);
  lastPick = pick;
  document.dispatchEvent(new CustomEvent("picks", { detail: picks.filter((each) => each.checked).length }));
});
