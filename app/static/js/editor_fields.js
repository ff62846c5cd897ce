// The editor of fields (panel/kinds/_fields_row.html): the name of a field that is new follows its title until
// somebody writes one. The server would make the same of a name that is left empty.

const NEW = /^field\d*$/;
const follows = new Set(); // ids of names that nobody has written yet

const nameOf = (title) => document.getElementById(title.id.replace(/-title$/, "-key"));

function named(text) {
  const words = text.match(/[A-Za-z0-9]+/g) ?? [];
  const joined = words.map((word) => word[0].toUpperCase() + word.slice(1)).join("").slice(0, 60);
  return (joined.slice(0, 1).toLowerCase() + joined.slice(1)).replace(/^[0-9]+/, "");
}

document.addEventListener("focusin", ({ target }) => {
  if (target.matches("[data-names]") && !target.value && NEW.test(nameOf(target).value)) follows.add(target.id);
});
document.addEventListener("focusout", ({ target }) => follows.delete(target.id));

// Before the editor hears of it: what is saved has both.
document.addEventListener("input", ({ target }) => {
  if (follows.has(target.id) && named(target.value)) nameOf(target).value = named(target.value);
}, true);
