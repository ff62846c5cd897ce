// A region that follows the server by itself. The page and the live update render the same partials.
//
// The contract:
//   <section id="live" data-live-stream="/instances/7/stream?after=41"   server-sent events; optional
//                      data-live-fragment="/instances/7/live?step=charge" answers with this same <section>
//                      data-live-every="10"                      seconds between two looks while there is no stream; optional
//                      data-seq="41" data-title="…" data-icon="running">  what the fragment is as of; the tab; the favicon
//   Stream   text/event-stream. `event: change` with `id: <seq>` says that there is something new; its data is ignored.
//            Any byte, comments too, shows that the view is current: send a comment every 15 s. Anything but 200 with
//            text/event-stream (503: no room) makes the page poll instead. `after` is replaced by the newest seq known.
//   Fragment asked with HX-Request and HX-Request-Type: partial, plus `from`, the oldest event shown, so that lines
//            somebody paged back to stay. Morphed in with outerMorph, never backwards in seq. A redirect, 401 or 403
//            means signed out: the page stops and says so.
//   Kept     what has focus, typed text, scroll places, open <details> (morphIgnore in layout.html), data-kept-…
//            Every element that holds such a thing needs an id, or morphing pairs it with its neighbour.
//   Optional #live-mark; what place.js names, which keeps still what is being read.
//
// Not hx-sse: it gives up when the first connection is refused and hides heartbeats, by which staleness is told.
// Not EventSource: it hides heartbeats and status codes.

const SETTLE_MS = 120; // changes that come together are fetched together
const POLL_MS = 3000;
const STREAM_AGAIN_MS = 60_000; // while polling, how long until the stream is tried again
const STALE_MS = 40_000; // two heartbeats and a bit
const RETRY_MS = [500, 1000, 2000, 5000];

const region = () => document.getElementById("live");
const byId = (id) => document.getElementById(id);
const pollMs = () => Number(region()?.dataset.liveEvery ?? 0) * 1000 || POLL_MS;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const seqOf = (element) => Number(element?.dataset.seq ?? 0);

let heardAt = Date.now();
let mode = "fresh"; // fresh, polling, ended
let announced = 0; // the newest seq that the stream has told of
let controller = new AbortController(); // aborted when the page is hidden

const heard = () => { heardAt = Date.now(); };

// ── The stream ──────────────────────────────────────────────────────────────

class Refused extends Error {}

async function listen(signal) {
  const url = new URL(region().dataset.liveStream, location.href);
  url.searchParams.set("after", Math.max(announced, seqOf(region())));
  const connecting = AbortSignal.any([signal, silence.signal]);
  const response = await fetch(url, { headers: { Accept: "text/event-stream" }, signal: connecting });
  if (!response.ok || !response.headers.get("Content-Type")?.startsWith("text/event-stream")) throw new Refused();
  mode = "fresh";
  let rest = "";
  for await (const chunk of pieces(response.body.pipeThrough(new TextDecoderStream()))) {
    heard();
    const messages = (rest + chunk).split(/\r?\n\r?\n/);
    rest = messages.pop();
    if (messages.filter(isChange).length) refresh();
  }
}

// Safari can not yet iterate over a stream.
async function* pieces(stream) {
  const reader = stream.getReader();
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) yield piece.value;
}

function isChange(message) {
  announced = Math.max(announced, Number(/^id: ?(\d+)$/m.exec(message)?.[1] ?? 0));
  return /^event: ?change$/m.test(message);
}

// A connection that has gone dead without a word (a laptop that slept) is given up when it has been silent too long.
let silence = new AbortController();
function watchSilence() {
  if (mode === "fresh" && Date.now() - heardAt > STALE_MS) {
    silence.abort();
    silence = new AbortController();
  }
}

async function follow() {
  for (let failures = 0; mode !== "ended"; ) {
    if (document.hidden) await shown();
    try {
      if (!region().dataset.liveStream) throw new Refused();
      await listen(controller.signal);
      failures = 0;
    } catch (error) {
      if (document.hidden) continue;
      failures += 1;
      if (error instanceof Refused || failures > RETRY_MS.length) {
        await poll(STREAM_AGAIN_MS);
        failures = 0;
      }
    }
    await sleep(RETRY_MS[Math.min(failures, RETRY_MS.length - 1)]);
  }
}

async function poll(forMs) {
  mode = mode === "ended" ? mode : "polling";
  for (const until = Date.now() + forMs; Date.now() < until && mode === "polling" && !document.hidden; ) {
    await refresh();
    await sleep(pollMs());
  }
}

const shown = () => new Promise((resolve) => document.addEventListener("visibilitychange", resolve, { once: true }));

// ── The fragment ────────────────────────────────────────────────────────────

let running;
let again = false;

function refresh() {
  again = true;
  running ??= (async () => {
    while (again && mode !== "ended") {
      again = false;
      await sleep(SETTLE_MS);
      await fetchFragment().catch(() => {}); // the mark grows old; the stream or the poll asks again
    }
    running = undefined;
  })();
  return running;
}

async function fetchFragment() {
  const url = new URL(region().dataset.liveFragment, location.href);
  const oldest = seqOf(byId("timeline")?.lastElementChild);
  if (oldest) url.searchParams.set("from", oldest);
  const headers = { "HX-Request": "true", "HX-Request-Type": "partial", "HX-Target": "section#live" };
  const response = await fetch(url, { headers, signal: AbortSignal.any([controller.signal, AbortSignal.timeout(10_000)]) });
  if (response.redirected || response.status === 401 || response.status === 403) return end();
  if (!response.ok) return;
  const text = await response.text();
  heard();
  const seq = Number(/data-seq="(\d+)"/.exec(text)?.[1] ?? 0);
  if (seq < seqOf(region())) return; // an action's answer has overtaken this one
  await htmx.swap({ sourceElement: region(), target: region(), swap: "outerMorph", text });
}

function end() {
  mode = "ended";
  controller.abort();
}

// ── The tab and the live mark ───────────────────────────────────────────────

function showInTab() {
  const { title, icon } = region()?.dataset ?? {};
  if (title) document.title = title;
  if (icon) byId("icon").href = byId("icon").getAttribute("href").replace(/[a-z]+\.svg$/, `${icon}.svg`);
}

function showMark() {
  const mark = byId("live-mark");
  const age = Math.round((Date.now() - heardAt) / 1000);
  const stale = mode === "ended" || Date.now() - heardAt > STALE_MS;
  mark.hidden = false;
  mark.dataset.keptLive = stale ? "stale" : mode;
  mark.textContent = mode === "ended" ? "stopped: you are signed out, reload to sign in"
    : stale ? `stale: last heard ${age} s ago`
    : mode === "polling" ? `asked ${age} s ago` : `live, heard ${age} s ago`;
}

document.addEventListener("htmx:after:swap", showInTab);
document.addEventListener("visibilitychange", () => {
  controller.abort();
  controller = new AbortController();
  if (!document.hidden && mode !== "ended") refresh();
});

if (region()) {
  heard();
  showInTab();
  showMark();
  setInterval(() => { watchSilence(); showMark(); }, 1000);
  follow();
}
