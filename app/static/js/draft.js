// The editor of notification templates: form[data-draft]. The mail's frame follows what is typed, and nobody
// leaves by accident with words that are not saved.

const form = document.querySelector("form[data-draft]");
const fold = form?.querySelector("[data-mail]");

// Not requestSubmit(): that would be a submission of the form itself, which is sent only once (forms.js).
function showMail() {
  if (!fold?.open) return;
  const { action, target } = form;
  form.action = fold.dataset.mail;
  form.target = fold.querySelector("iframe").name;
  form.submit();
  form.action = action;
  form.target = target;
}

let changed = false;
let leaving = false;
form?.addEventListener("input", () => (changed = true));
form?.addEventListener("submit", (event) => (leaving = !event.submitter?.formTarget));
fold?.addEventListener("toggle", showMail);
document.addEventListener("htmx:after:swap", () => fold && changed && showMail());

addEventListener("beforeunload", (event) => {
  if (changed && !leaving) event.preventDefault();
});
addEventListener("pageshow", () => (leaving = false));
