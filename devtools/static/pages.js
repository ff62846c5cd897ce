// Puts what is new on top of the list, once a second while the page is seen, and leaves
// alone what is being read: items that are there are never drawn again.
const items = document.querySelector("[data-live]");
const bar = document.getElementById("bar");
const live = document.getElementById("live");
const MOST = 500;

function showLocalTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    time.title = time.dateTime;
    time.textContent = at.toLocaleTimeString([], { hour12: false });
  }
}

function update(page) {
  const fresh = page.getElementById("items");
  const freshBar = page.getElementById("bar");
  if (bar && freshBar && bar.innerHTML !== freshBar.innerHTML && !bar.contains(document.activeElement)) {
    bar.replaceChildren(...freshBar.childNodes);
  }
  if (Number(fresh.dataset.newest) < Number(items.dataset.newest)) {
    location.reload(); // it has begun to count anew
    return;
  }
  items.dataset.newest = fresh.dataset.newest;
  showLocalTimes(fresh);
  items.prepend(...fresh.children);
  while (items.children.length > MOST) items.lastElementChild.remove();
}

async function look() {
  try {
    const answer = await fetch(`${items.dataset.live}?after=${items.dataset.newest}`);
    if (!answer.ok) throw new Error(answer.statusText);
    update(new DOMParser().parseFromString(await answer.text(), "text/html"));
    say("live", false);
  } catch {
    say("not answering", true);
  }
}

function say(text, stale) {
  live.hidden = false;
  live.classList.toggle("stale", stale);
  if (live.textContent !== text) live.textContent = text;
}

async function follow() {
  if (!document.hidden) await look();
  setTimeout(follow, 1000);
}

showLocalTimes(document);
if (items) {
  follow();
  document.addEventListener("visibilitychange", () => document.hidden || look());
}
