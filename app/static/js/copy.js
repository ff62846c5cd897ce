// Click to copy. [data-copy] copies its value, [data-copy-from] the text of the element with that id.

const SHOWN_FOR_MS = 1200;

async function copy(button, text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    copyByHand(text); // no clipboard without https
  }
  button.dataset.keptCopied = "";
  setTimeout(() => delete button.dataset.keptCopied, SHOWN_FOR_MS);
}

function copyByHand(text) {
  const area = document.createElement("textarea");
  const focused = document.activeElement;
  area.value = text;
  area.className = "sr-only";
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
  focused?.focus();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy], [data-copy-from]");
  if (!button) return;
  copy(button, button.dataset.copy ?? document.getElementById(button.dataset.copyFrom).textContent);
});
