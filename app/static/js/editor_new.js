// A new template's key follows its name until somebody writes one.
const name = document.getElementById("name");
const key = document.getElementById("key");
const made = (text) => text.toLowerCase().replace(/[^a-z0-9_]+/g, "-").replace(/^[-_]+|[-_]+$/g, "").slice(0, 100);

let follows = !key.value || key.value === made(name.value);
name.addEventListener("input", () => {
  if (follows) key.value = made(name.value);
});
key.addEventListener("input", () => (follows = !key.value));
