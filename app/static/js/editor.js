// The template editor: form[data-editor] with #editor-head, #editor-steps, #editor-graph and #editor-panel.
// What is typed in the panel saves itself. Posts go one after the other (hx-sync), and each sends what stands in the
// form when its turn comes: the one before has made the revision that it must name.

const SAVE_AFTER_MS = 400;
const AGAIN_AFTER_MS = 15000;

const form = document.querySelector("form[data-editor]");
const byId = (id) => document.getElementById(id);

let typed = 0; // how often something was typed
let saved = 0; // up to which of these it is saved
let under = 0; // posts that are on their way or wait for their turn
let state = ""; // "", saving or failed
let timer;

export const isDirty = () => typed !== saved;

function paint() {
  const mark = byId("editor-saved");
  mark.dataset.keptState = state;
  const words = state === "failed" ? "not saved yet" : under || isDirty() ? "saving …" : "";
  mark.querySelector("[data-saved]").hidden = Boolean(words);
  const unsaved = mark.querySelector("[data-unsaved]");
  unsaved.hidden = !words;
  unsaved.textContent = words;
}

function save() {
  clearTimeout(timer);
  if (isDirty()) htmx.trigger(form, "save");
}

function saveIn(ms) {
  clearTimeout(timer);
  timer = setTimeout(save, ms);
}

// Resolves to whether all that is typed is saved.
async function flush() {
  save();
  while (under) await new Promise((done) => document.addEventListener("htmx:finally:request", done, { once: true }));
  return !isDirty();
}

// A key is renamed in many places at once, so it is taken when it is whole.
const isWhole = (field) => field.name === "key";

form.addEventListener("input", ({ target }) => {
  if (!target.closest("#editor-panel")) return;
  typed += 1;
  if (!isWhole(target)) saveIn(SAVE_AFTER_MS);
  paint();
});
form.addEventListener("change", ({ target }) => target.closest("#editor-panel") && saveIn(0));

// ── Posts ──────────────────────────────────────────────────────────────────────────────────────────────────────────

const isOurs = (ctx) => ctx.sourceElement === form;
const isPost = (ctx) => isOurs(ctx) && ctx.request.method === "POST";

document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
  if (!isOurs(ctx)) return;
  under += 1;
  if (!isPost(ctx)) return void (ctx.request.body = new FormData()); // opening a step asks for nothing but its URL
  clearTimeout(timer); // whatever is sent brings along what is typed
  paint();
});

document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
  if (!isOurs(ctx)) return;
  ctx.typed = typed;
  ctx.was = byId("editor-open").value;
  if (!isPost(ctx)) return;
  const button = ctx.request.submitter;
  const body = new URLSearchParams(new FormData(form));
  if (button?.name) body.append(button.name, button.value);
  for (const [name, value] of Object.entries(ctx.values ?? {})) body.set(name, value);
  ctx.request.body = body;
  if (!ctx.values) ctx.request.action = (button?.hasAttribute("formaction") ? button : byId("editor-save")).getAttribute("formaction");
});

document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
  if (!isOurs(ctx)) return;
  under -= 1;
  if (!isPost(ctx)) return paint();
  const answered = ctx.response?.status;
  if (ctx.response?.raw.ok) saved = Math.max(saved, ctx.typed);
  state = ctx.response?.raw.ok ? "" : "failed";
  if (!answered || answered >= 500) saveIn(AGAIN_AFTER_MS);
  paint();
});
addEventListener("online", () => isDirty() && save());

// ── Answers ────────────────────────────────────────────────────────────────────────────────────────────────────────

let focused;
let tab = byId("editor-tab").value;

document.addEventListener("htmx:before:swap", (event) => {
  const { ctx, tasks } = event.detail;
  if (!isOurs(ctx)) return;
  focused = document.activeElement?.id;
  // Typed since: the next save brings it in line; what is on the page is newer than the answer.
  const at = tasks.findIndex((task) => task.target?.id === "editor-panel");
  if (at >= 0 && ctx.typed !== undefined && ctx.typed !== typed) tasks.splice(at, 1);
});

document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  if (!isOurs(ctx)) return;
  if (!isPost(ctx) || byId("editor-open").value !== ctx.was) tab = byId("editor-tab").value;
  showTab(tab);
  keepFocus(ctx);
  paint();
  document.dispatchEvent(new CustomEvent("editor:drawn", { detail: { opened: byId("editor-open").value !== ctx.was } }));
});

function keepFocus(ctx) {
  const pressed = ctx.response?.raw.ok && ctx.request.submitter;
  if (pressed && (pressed.name === "kind" || pressed.id === "duplicate_step")) return byId("field-name")?.select();
  const lost = document.activeElement === null || document.activeElement === document.body;
  // Pressed once more, the button would remove the next step too.
  const risky = pressed && pressed.id === "remove_step";
  if (!risky && (!lost || !focused)) return;
  const row = form.querySelector('#steps [aria-current="true"]') ?? byId("panel-title");
  (risky ? row : byId(focused) ?? row).focus({ preventScroll: true });
}

// ── Opening steps and tabs ─────────────────────────────────────────────────────────────────────────────────────────

function showTab(name) {
  const panes = [...form.querySelectorAll("[data-pane]")];
  if (!panes.some((pane) => pane.dataset.pane === name)) return;
  for (const pane of panes) pane.hidden = pane.dataset.pane !== name;
  for (const link of form.querySelectorAll("[data-tab]")) {
    if (link.dataset.tab === name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  tab = byId("editor-tab").value = name;
}

export async function open(href) {
  if (!(await flush())) return byId("editor-overtaken").scrollIntoView({ block: "nearest" });
  const url = new URL(href, location.href);
  if (url.searchParams.has("step") && !url.searchParams.has("tab")) url.searchParams.set("tab", tab);
  const panel = byId("editor-panel");
  panel.inert = true; // what is pressed from here on is meant for what comes
  await htmx.ajax("GET", url.pathname + url.search, { source: form });
  panel.inert = false;
  if (url.hash) byId(url.hash.slice(1))?.focus();
}

const plain = (event) => event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;

document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[href]");
  if (!link || !plain(event) || event.defaultPrevented || link.target || link.getAttribute("href").startsWith("#")) return;
  if (link.matches("[data-tab]")) {
    event.preventDefault();
    showTab(link.dataset.tab);
    history.replaceState(history.state, "", link.href);
  } else if (link.matches("[data-part], .graph-box, [data-theirs]")) {
    event.preventDefault();
    if (link.matches("[data-theirs]")) saved = typed; // theirs is wanted, ours is not
    await open(link.href.baseVal ?? link.href);
  } else if (isDirty() || under) {
    event.preventDefault();
    if (await flush()) location.assign(link.href);
  }
});

addEventListener("beforeunload", (event) => {
  if (!isDirty()) return;
  save();
  event.preventDefault();
});

// ── The menu of steps to add ───────────────────────────────────────────────────────────────────────────────────────

function closeMenus(except) {
  for (const menu of form.querySelectorAll("details.menu[open]")) if (menu !== except) menu.open = false;
}
document.addEventListener("click", (event) => closeMenus(event.target.closest("button") ? null : event.target.closest("details.menu")));
form.addEventListener("toggle", ({ target }) => {
  if (target.open && target.matches("details.menu")) target.scrollIntoView({ block: "nearest" });
}, true);
form.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && event.target.closest("details.menu[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

showTab(tab);
