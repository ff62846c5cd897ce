// Light or dark. Loaded blocking in <head>, so that the theme stands before the first paint.
// The system decides until somebody presses the switch; pressing back to the system's theme forgets the choice.
// Of who is signed in (data-theme-kept) the server keeps it; the browser remembers it for the pages before the sign-in.
(() => {
  "use strict";
  const root = document.documentElement;
  const systemIsDark = matchMedia("(prefers-color-scheme: dark)");
  root.dataset.script = ""; // shows the controls that need script
  if ("themeKept" in root.dataset) remember(root.dataset.theme);
  else if (localStorage.getItem("theme")) root.dataset.theme = localStorage.getItem("theme");

  function remember(theme) {
    if (theme) localStorage.setItem("theme", theme);
    else localStorage.removeItem("theme");
  }

  function choose(theme) {
    if (theme) root.dataset.theme = theme;
    else delete root.dataset.theme;
    remember(theme);
  }

  function keep(form, theme) {
    if (!("themeKept" in root.dataset)) return;
    form.elements.theme.value = theme ?? "system";
    // Who is signed out meanwhile keeps it in this browser alone.
    fetch(form.action, { method: "POST", body: new FormData(form), headers: { "HX-Request-Type": "partial" } }).catch(() => {});
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-theme-switch]");
    if (!button) return;
    const system = systemIsDark.matches ? "dark" : "light";
    const next = (root.dataset.theme ?? system) === "dark" ? "light" : "dark";
    const theme = next === system ? undefined : next;
    choose(theme);
    keep(button.form, theme);
  });
})();
