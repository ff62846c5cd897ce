// Where the focus goes after a button [name=do] has added, moved or removed something (panel/_chrome.html): into what
// was added, along with what was moved, and near to what is gone.

const byId = (start, name) => document.getElementById(start + name.replaceAll(".", "-"));
const control = (element) => element?.querySelector(":is(input:not([type=hidden]), select, textarea):not(:disabled)");

function added(name) {
  const group = byId("field-", `${name}-inner`) ?? byId("field-", name);
  return control(group?.querySelector(":scope > .form-rows > li:last-child")) ?? control(group);
}

function moved(name, by) {
  const [, base, at] = name.match(/^(.*)\.(\d+)$/) ?? [];
  const place = `${base}.${Number(at) + by}`;
  return byId(by < 0 ? "do-up-" : "do-down-", place) ?? byId("do-remove-", place);
}

const removed = (name) => byId("do-remove-", name) ?? byId("do-add-", name) ?? byId("do-add-", name.replace(/\.\d+$/, ""));

const AFTER = { add: added, up: (name) => moved(name, -1), down: (name) => moved(name, 1), remove: removed };

document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  const button = ctx.request?.submitter;
  if (button?.name !== "do" || !ctx.response?.raw.ok) return;
  const [verb, name] = button.value.split(":");
  AFTER[verb]?.(name)?.focus();
});
