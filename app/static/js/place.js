// What is being read stays where it is while the timeline grows on top of it.
//   #timeline-scroll around #timeline > [id][data-seq][data-step], newest first; #timeline-new, the 'N new' bar.
// The browser's own scroll anchoring is off there (instance.css): Safari has none, and two would fight.

const NEW_SHOWN_MS = 1600;

const byId = (id) => document.getElementById(id);
const seqOf = (element) => Number(element?.dataset.seq ?? 0);

let place; // the line at the top of what is seen, and how far it stands from the edge
let newestSeen = 0; // everything up to here has been on the screen with the list at its top

const scroller = () => byId("timeline-scroll");
const atTop = () => !scroller() || (scroller().scrollTop < 8 && scroller().getBoundingClientRect().top >= 0);
const lines = () => [...(byId("timeline")?.children ?? [])];

function rememberPlace() {
  place = undefined;
  if (atTop()) return;
  const edge = Math.max(scroller().getBoundingClientRect().top, 0);
  const line = lines().find((each) => each.getBoundingClientRect().bottom > edge);
  if (line) place = { id: line.id, top: line.getBoundingClientRect().top };
}

function keepPlace() {
  const line = place && byId(place.id);
  if (!line) return;
  const by = line.getBoundingClientRect().top - place.top;
  const box = scroller();
  if (box.scrollHeight > box.clientHeight) box.scrollTop += by;
  else scrollBy(0, by);
}

function showNew(before) {
  const fresh = lines().filter((line) => seqOf(line) > before);
  for (const line of fresh) {
    line.dataset.keptNew = "";
    setTimeout(() => delete line.dataset.keptNew, NEW_SHOWN_MS);
  }
  countNew();
}

function countNew() {
  const bar = byId("timeline-new");
  if (!bar) return;
  if (atTop()) newestSeen = seqOf(lines()[0]);
  const count = lines().filter((line) => seqOf(line) > newestSeen).length;
  bar.hidden = !count;
  bar.textContent = `${count} new ↑`;
}

let newestBefore = 0;
document.addEventListener("htmx:before:swap", () => {
  newestBefore = seqOf(lines()[0]);
  rememberPlace();
});
document.addEventListener("htmx:after:swap", () => {
  keepPlace();
  showNew(newestBefore);
});
document.addEventListener("scroll", countNew, { capture: true, passive: true });
document.addEventListener("click", (event) => {
  if (!event.target.closest("#timeline-new")) return;
  scroller().scrollTo({ top: 0 });
  if (scroller().getBoundingClientRect().top < 0) scroller().scrollIntoView();
  lines()[0]?.querySelector("a")?.focus({ preventScroll: true });
  countNew();
});

// Lines of one step share a hover.
document.addEventListener("pointerover", (event) => {
  const step = event.target.closest?.("#timeline > [data-step]")?.dataset.step;
  for (const line of lines()) line.toggleAttribute("data-kept-kin", Boolean(step) && line.dataset.step === step);
});

countNew();
