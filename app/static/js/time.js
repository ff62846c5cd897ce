// Times: <time datetime data-form="relative|clock|full"> as _time.html writes it. Relative ones keep up with the clock,
// the exact time is the title, and the UTC/local switch is remembered.

const UNITS = [[60, "s"], [3600, "min"], [86400, "h"], [Infinity, "d"]];
const DIVISORS = { s: 1, min: 60, h: 3600, d: 86400 };

const inLocalTime = () => localStorage.getItem("clock") === "local";

// Making a formatter is slow, so there is one per zone.
const formatter = (timeZone) => new Intl.DateTimeFormat("en-GB", { timeZone, hourCycle: "h23", timeZoneName: "short",
  year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit" });
const FORMATTERS = { utc: formatter("UTC"), local: formatter() };

function parts(date) {
  const found = FORMATTERS[inLocalTime() ? "local" : "utc"].formatToParts(date);
  return Object.fromEntries(found.map((part) => [part.type, part.value]));
}

const clock = (p) => `${p.hour}:${p.minute}:${p.second}`;
const day = (p) => `${p.year}-${p.month}-${p.day}`;
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
// Today's times need no day; others do.
const short = (p) => day(p) === day(parts(new Date())) ? clock(p) : `${Number(p.day)} ${MONTHS[p.month - 1]} ${p.hour}:${p.minute}`;
const exact = (p) => `${day(p)} ${clock(p)} ${p.timeZoneName}`;

export function relative(date, now = Date.now()) {
  const seconds = Math.round((date - now) / 1000);
  const length = Math.abs(seconds);
  if (length < 1) return "now";
  const unit = UNITS.find(([limit]) => length < limit)[1];
  const words = `${Math.floor(length / DIVISORS[unit])} ${unit}`;
  return seconds < 0 ? `${words} ago` : `in ${words}`;
}

function write(element) {
  const date = new Date(element.dateTime);
  if (Number.isNaN(date.getTime())) return;
  const p = parts(date);
  const form = element.dataset.form;
  const text = form === "relative" ? relative(date) : form === "clock" ? short(p) : exact(p);
  if (element.textContent !== text) element.textContent = text;
  if (element.title !== exact(p)) element.title = exact(p);
}

function writeAll(selector = "time[data-form]") {
  for (const element of document.querySelectorAll(selector)) write(element);
}

function showSwitch() {
  for (const button of document.querySelectorAll("[data-clock]")) button.textContent = inLocalTime() ? "Local" : "UTC";
}

document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-clock]")) return;
  localStorage.setItem("clock", inLocalTime() ? "utc" : "local");
  showSwitch();
  writeAll();
});
// After every swap, before the next paint: the server's exact text is never seen to flicker by.
document.addEventListener("htmx:after:swap", () => writeAll());
document.addEventListener("visibilitychange", () => document.hidden || writeAll());
setInterval(() => document.hidden || writeAll('time[data-form="relative"]'), 1000);

showSwitch();
writeAll();
