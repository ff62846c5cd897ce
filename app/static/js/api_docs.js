// Trying routes on /api/docs. The token is read from its field when a request is sent and kept nowhere; cookies
// are not sent. A stream is shown as it comes, until it is stopped.

const LONGEST = 200_000; // characters of an answer that are shown
const TOLD = ["Content-Type", "Location", "ETag", "RateLimit", "Retry-After", "Idempotent-Replayed"];

function requestOf(form) {
  const { method, path } = form.dataset;
  const headers = new Headers();
  const query = new URLSearchParams();
  let url = path;
  let body;
  for (const field of form.querySelectorAll("[data-where]")) {
    const { where, kind } = field.dataset;
    if (where === "path") url = url.replace(`{${field.name}}`, encodeURIComponent(field.value));
    if (where === "query" && field.value) query.append(field.name, field.value);
    if (where === "header" && field.value) headers.set(field.name, field.value);
    if (where === "body" && field.value.trim()) {
      headers.set("Content-Type", kind);
      body = field.value;
    }
  }
  const token = document.getElementById("token").value.trim();
  if (token) headers.set("Authorization", `Bearer ${token}`);
  return [query.size ? `${url}?${query}` : url, { method, headers, body, credentials: "omit" }];
}

function statusOf(answer) {
  const told = TOLD.filter((name) => answer.headers.get(name)).map((name) => `${name}: ${answer.headers.get(name)}`);
  return [`${answer.status} ${answer.statusText}`, ...told].join(" · ");
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

async function show(answer, place) {
  const decoder = new TextDecoder();
  let text = "";
  for await (const piece of answer.body ?? []) {
    text += decoder.decode(piece, { stream: true });
    if (text.length > LONGEST) break; // leaving the loop ends the stream
    place.textContent = text;
  }
  const whole = text.length > LONGEST ? `${text.slice(0, LONGEST)}\n… and more` : pretty(text);
  place.textContent = whole || "(no body)";
}

async function send(form) {
  const [status, place, stop] = ["status", "text", "stop"].map((name) => form.querySelector(`[data-${name}]`));
  const ending = new AbortController();
  stop.onclick = () => ending.abort();
  form.querySelector("[data-answer]").hidden = false;
  status.textContent = "Sent …";
  place.textContent = "";
  stop.hidden = false;
  try {
    const [url, options] = requestOf(form);
    const answer = await fetch(url, { ...options, signal: ending.signal });
    status.textContent = statusOf(answer);
    await show(answer, place);
  } catch (error) {
    status.textContent += ending.signal.aborted ? " · stopped" : ` · ${error.message}`;
  } finally {
    stop.hidden = true;
  }
}

document.addEventListener("submit", (event) => {
  event.preventDefault(); // the token's form too: nothing of it may get into an address
  if ("try" in event.target.dataset) send(event.target);
});
