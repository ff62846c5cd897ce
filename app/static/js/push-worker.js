// The service worker. It shows push messages and opens what they are about; it keeps no pages and
// answers no requests.

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("push", (event) => {
  const said = read(event.data);
  // A message that comes twice has the same tag, and so replaces itself.
  const options = { body: said.body, tag: said.tag, data: { link: ours(said.link) } };
  event.waitUntil(self.registration.showNotification(said.title, options));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data?.link ?? self.location.origin));
});

// Browsers want every message shown, also one that can not be read.
function read(data) {
  try {
    const said = data.json();
    return { title: String(said.title), body: String(said.body ?? ""), tag: String(said.tag ?? ""), link: said.link };
  } catch {
    return { title: "Runsheet", body: "Something happened. Open the console to see it.", tag: "", link: "/" };
  }
}

// Only pages of this console are opened, whatever a message says.
function ours(link) {
  try {
    const url = new URL(link || "/", self.location.origin);
    return url.origin === self.location.origin ? url.href : self.location.origin;
  } catch {
    return self.location.origin;
  }
}

async function open(link) {
  const pages = await self.clients.matchAll({ type: "window" });
  const there = pages.find((page) => page.url === link);
  return there ? there.focus() : self.clients.openWindow(link);
}
