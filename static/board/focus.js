/** Keeps the keyboard focus near where it was when the element that had it is taken away. */

/** Run `draw`; if the focused element disappears with it, focus its row, else `fallback`. */
export function keepingFocus(root, fallback, draw) {
  const before = document.activeElement;
  const key = root.contains(before) ? before.closest("[data-key]")?.dataset.key : null;
  draw();
  if (key && !before.isConnected) (rowOf(root, key) ?? fallback).focus({ preventScroll: true });
}

function rowOf(root, key) {
  return root.querySelector(`[data-key="${CSS.escape(key)}"]`);
}
