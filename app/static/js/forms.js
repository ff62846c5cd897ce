// Forms: sent once, nothing typed is lost, and after an action the focus goes on to what needs somebody next.
// An action's form is form[data-act] with hx-post and hx-target="#live" (instances/_action.html).

const TOAST_FOR_MS = 6000;

const buttonsOf = (form) => form.querySelectorAll("button:not([type=button])");

// A second press while the first is on its way does nothing. Not `disabled`: that would throw the focus away.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.keptSent !== undefined) {
    event.preventDefault();
    event.stopImmediatePropagation();
    return;
  }
  if (form.method !== "post" || event.submitter?.formTarget) return; // into a frame: the page stays
  form.dataset.keptSent = "";
  for (const button of buttonsOf(form)) button.dataset.keptBusy = "";
}, true);

function settle(form) {
  delete form.dataset.keptSent;
  for (const button of buttonsOf(form)) delete button.dataset.keptBusy;
}

// Coming back with the browser's button must not find forms that think they are under way.
addEventListener("pageshow", () => document.querySelectorAll("form[data-kept-sent]").forEach(settle));

// The answer may have taken the form off the page, and htmx then names another source: remember it.
const formOf = new WeakMap();
document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => formOf.set(ctx, ctx.sourceElement));
document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
  const form = formOf.get(ctx);
  if (!form?.matches?.("form")) return;
  settle(form);
  if (!form.matches("[data-act]") || !ctx.response?.raw?.ok) return;
  form.reset(); // it was accepted; on an error what was typed stays
  form.closest("details.action")?.removeAttribute("open");
  focusNext(form);
});

function focusNext(form) {
  const focused = document.activeElement;
  if (focused && focused !== document.body && !form.contains(focused)) return; // somebody has moved on
  const next = document.querySelector("#live [data-needs]") ?? document.getElementById("step-title");
  next?.focus();
}

// An action that asks is opened in order to type.
document.addEventListener("toggle", ({ target }) => {
  if (target.open && target.matches("details.action") && target.contains(document.activeElement)) target.querySelector("textarea, input.input")?.focus();
}, true);

// A server that is down or silent replaces nothing (noSwap in layout.html); a toast says what became of the action.
function say(words) {
  const toast = document.createElement("div");
  toast.className = "toast toast-error";
  toast.role = "alert";
  const text = document.createElement("p");
  text.textContent = words;
  const close = document.createElement("button");
  Object.assign(close, { type: "button", className: "button button-quiet", textContent: "Close" });
  close.dataset.dismiss = "";
  toast.append(text, close);
  document.getElementById("toasts").append(toast);
}

document.addEventListener("htmx:error", () => say("The server could not be reached. What you typed is kept; look at the timeline before you try again."));
document.addEventListener("htmx:response:error", ({ detail: { ctx } }) => {
  const speaks = ctx.text?.includes("<hx-partial"); // our own error page brings its toast along
  if (ctx.response.status >= 500 && !speaks) say(`The server answered ${ctx.response.status}. What you typed is kept; look at the timeline before you try again.`);
});

document.addEventListener("click", (event) => event.target.closest("[data-dismiss]")?.closest(".toast").remove());

// Good news leaves by itself, but not while it is being read.
function expire(toast) {
  setTimeout(() => (toast.matches(":hover, :focus-within") ? expire(toast) : toast.remove()), TOAST_FOR_MS);
}
const expireAll = () => {
  for (const toast of document.querySelectorAll(".toast:not(.toast-error, [data-kept-leaving])")) {
    toast.dataset.keptLeaving = "";
    expire(toast);
  }
};
document.addEventListener("htmx:after:swap", expireAll);
expireAll();
