// Keeps the banner (who is not there) up to date on pages that stay open, and says when the page itself hears nothing.
// #banner[data-banner] is asked for again while the page is seen; #unheard is shown after two silent answers in a row.

const ASK_MS = 10_000;
const url = document.querySelector("[data-banner]")?.dataset.banner;
const unheard = document.getElementById("unheard");
const HEADERS = { "HX-Request": "true", "HX-Request-Type": "partial", "HX-Target": "div#banner" };

let heardAt = new Date();
let silences = 0;

function say(word) {
  for (const words of unheard.querySelectorAll("[data-words]")) words.hidden = words.dataset.words !== word;
  const time = unheard.querySelector("time");
  time.dateTime = heardAt.toISOString();
  time.textContent = heardAt.toLocaleTimeString([], { hour12: false });
  unheard.hidden = false;
}

async function ask() {
  const response = await fetch(url, { headers: HEADERS, signal: AbortSignal.timeout(ASK_MS) });
  if (response.redirected || response.status === 401 || response.status === 403) return false; // signed out
  if (!response.ok) throw new Error(response.status === 503 ? "away" : "silent");
  const text = await response.text();
  heardAt = new Date();
  silences = 0;
  unheard.hidden = true;
  const target = document.getElementById("banner");
  await htmx.swap({ sourceElement: target, target, swap: "outerMorph", text });
  return true;
}

async function follow() {
  for (let goesOn = true; goesOn; ) {
    await new Promise((resolve) => setTimeout(resolve, ASK_MS));
    if (document.hidden) continue;
    try {
      goesOn = await ask();
    } catch (error) {
      silences += 1;
      if (silences > 1) say(error.message === "away" ? "away" : "silent");
    }
  }
}

if (url && unheard) follow();
