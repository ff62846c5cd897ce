// The account page: adds this browser to those that are told by push, and says which row it is.
//
// The contract (templates/account/_browsers.html):
//   [data-push data-key]     the panel; without data-key push is not set up
//   form[data-subscribe]     filled in with the browser's subscription and sent
//   [data-browser=HASH]      a row: SHA-256 of the endpoint; its [data-this] shows in this browser's row
//   template[data-words=…]   what to say, shown in [data-said]

const panel = document.querySelector("[data-push][data-key]");
const form = panel?.querySelector("form[data-subscribe]");

function say(word) {
  const words = panel.querySelector(`template[data-words="${word}"]`);
  panel.querySelector("[data-said]").textContent = words.content.textContent;
}

function obstacle() {
  if (!window.isSecureContext) return "insecure";
  if (!("serviceWorker" in navigator && "PushManager" in window && "Notification" in window)) return "unsupported";
  return Notification.permission === "denied" ? "denied" : "";
}

async function begin() {
  const why = obstacle();
  if (why) return say(why);
  const registration = await navigator.serviceWorker.register("/push-worker.js");
  const subscription = await registration.pushManager.getSubscription();
  const row = subscription && hasOurKey(subscription) && (await rowOf(subscription));
  form.hidden = Boolean(row);
  if (row) present(row, subscription);
  form.addEventListener("submit", (event) => subscribe(event, registration));
}

function present(row, subscription) {
  row.querySelector("[data-this]").hidden = false;
  say("subscribed");
  row.querySelector("form").addEventListener("submit", () => subscription.unsubscribe());
}

async function rowOf(subscription) {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(subscription.endpoint));
  const hash = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return panel.querySelector(`[data-browser="${hash}"]`);
}

// A browser that subscribed with another key than ours is now must begin anew.
const hasOurKey = (subscription) => encoded(subscription.options.applicationServerKey) === panel.dataset.key;

async function subscribe(event, registration) {
  event.preventDefault();
  if ((await Notification.requestPermission()) !== "granted") return say("denied");
  try {
    const old = await registration.pushManager.getSubscription();
    if (old && !hasOurKey(old)) await old.unsubscribe();
    const wish = { userVisibleOnly: true, applicationServerKey: decoded(panel.dataset.key) };
    send(await registration.pushManager.subscribe(wish));
  } catch {
    say("failed");
  }
}

function send(subscription) {
  form.elements.endpoint.value = subscription.endpoint;
  form.elements.p256dh.value = encoded(subscription.getKey("p256dh"));
  form.elements.auth.value = encoded(subscription.getKey("auth"));
  form.submit();
}

function encoded(buffer) {
  const text = String.fromCharCode(...new Uint8Array(buffer ?? []));
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function decoded(text) {
  const bytes = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(bytes, (char) => char.charCodeAt(0));
}

if (form) begin();
