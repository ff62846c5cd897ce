// Elements that ask the server anew now and then while the page is seen: [data-look] with hx-trigger="look".
// Not htmx's own `every`, which goes on while nobody looks.

const EVERY_MS = 10_000;

function look() {
  if (document.hidden) return;
  for (const element of document.querySelectorAll("[data-look]")) element.dispatchEvent(new Event("look"));
}

setInterval(look, EVERY_MS);
document.addEventListener("visibilitychange", look);
