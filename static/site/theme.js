/**
 * Light or dark, before the first paint: a classic script in the head.
 *
 * The server tells what this person chose; pages that do not know who looks (signing in, errors) take what was told
 * last in this browser. It is kept under the name that Django's admin uses for the same thing, so that both agree.
 */
(function () {
  const root = document.documentElement;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const told = root.dataset.themeChoice || document.currentScript.dataset.themeChoice;

  function remembered() {
    try {
      return localStorage.getItem("theme");
    } catch {
      return null; // storage may be forbidden
    }
  }

  function remember(choice) {
    try {
      localStorage.setItem("theme", choice);
    } catch {
      return;
    }
  }

  function follow() {
    const choice = root.dataset.themeChoice;
    const isDark = choice === "dark" || (choice !== "light" && dark.matches);
    root.setAttribute("data-bs-theme", isDark ? "dark" : "light");
  }

  root.dataset.themeChoice = told || remembered() || "auto";
  if (told) remember(told);
  new MutationObserver(() => {
    remember(root.dataset.themeChoice);
    follow();
  }).observe(root, { attributeFilter: ["data-theme-choice"] });
  dark.addEventListener("change", follow);
  window.addEventListener("storage", (event) => {
    if (event.key === "theme" && event.newValue) root.dataset.themeChoice = event.newValue;
  });
  follow();
})();
