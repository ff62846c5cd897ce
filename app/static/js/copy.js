// Click to copy. [data-copy] copies its value, [data-copy-from] the text of the element with that id,
// [data-copy-url] what that URL gives.

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

async function textFor({ copy, copyFrom, copyUrl }) {
  if (copy !== undefined) return copy;
  if (copyFrom !== undefined) return document.getElementById(copyFrom).textContent;
  const answer = await fetch(copyUrl);
  if (!answer.ok || answer.redirected) throw new Error(`${copyUrl}: ${answer.status}`);
  return answer.text();
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy], [data-copy-from], [data-copy-url]");
  if (!button) return;
  try {
    await copy(button, await textFor(button.dataset));
  } catch {
    // Signed out, or no way to the server: the page is where one sees why.
    if (button.dataset.copyUrl) location.assign(button.dataset.copyUrl);
  }
});
