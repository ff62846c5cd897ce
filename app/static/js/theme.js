// Light or dark. Loaded blocking in <head>, so that the theme stands before the first paint.
// The system decides until somebody presses the switch; pressing back to the system's theme forgets the choice.
(() => {
  "use strict";
  const root = document.documentElement;
  const systemIsDark = matchMedia("(prefers-color-scheme: dark)");
  root.dataset.script = ""; // shows the controls that need script
  const chosen = localStorage.getItem("theme");
  if (chosen) root.dataset.theme = chosen;

  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-theme-switch]")) return;
    const system = systemIsDark.matches ? "dark" : "light";
    const next = (root.dataset.theme ?? system) === "dark" ? "light" : "dark";
    if (next === system) {
      delete root.dataset.theme;
      localStorage.removeItem("theme");
    } else {
      root.dataset.theme = next;
      localStorage.setItem("theme", next);
    }
  });
})();
