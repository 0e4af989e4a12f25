/** Maps key presses to actions, and ignores repeated presses of keys that decide. */

import { KEYS } from "../view/keys.js";

const ACTION_OF = new Map(KEYS.flatMap(({ keys }) => keys).flatMap(({ action, keys }) => keys.map((key) => [key, action])));

/** Keys that only move; they work also when single-key shortcuts are switched off. */
const MOVING = new Set(["ArrowDown", "ArrowUp", "PageDown", "PageUp", "Home", "End", "Escape"]);

/** Actions that decide on a call: ignored on key repeat, and for the same action within this time. Milliseconds. */
const DECIDING = new Set(["reject-none", "reject-busy", "reject-forbidden", "pass"]);
export const BETWEEN_DECISIONS = 700;

/** Return the action of a key press, or null. */
export function actionOf({ key, code = "", shiftKey, ctrlKey, altKey, metaKey }, areOn) {
  if (ctrlKey || altKey || metaKey) return null;
  if (!areOn && !MOVING.has(key)) return null;
  const meant = key.length === 1 ? key.toLowerCase() : key;
  return ACTION_OF.get(meant) ?? ACTION_OF.get(onLatinKeyboard(code, shiftKey)) ?? null;
}

/** The key at this place of a Latin keyboard, so that shortcuts work with any keyboard layout. */
function onLatinKeyboard(code, shiftKey) {
  if (code === "Slash") return shiftKey ? "?" : "/";
  return /^(?:Key|Digit)(.)$/.exec(code)?.[1].toLowerCase();
}

/** Whether the element handles keys itself, such as a text field. */
function takesKeys(element) {
  return Boolean(element.closest("input:not([type=checkbox]), textarea, select, [contenteditable], dialog, [popover]"));
}

export class Keyboard {
  #handlers = new Map();
  #areOn;
  #now;
  #decidedAt = new Map();

  /** `areOn()` says whether single-key shortcuts are switched on in the preferences. */
  constructor(target, { areOn = () => true, now = () => performance.now() } = {}) {
    this.#areOn = areOn;
    this.#now = now;
    target.addEventListener("keydown", (event) => this.press(event));
  }

  /** Set the handler of an action; `handler(event)` returns false when it did nothing. */
  on(action, handler) {
    this.#handlers.set(action, handler);
  }

  press(event) {
    if (event.defaultPrevented || event.isComposing || takesKeys(event.target)) return;
    const action = actionOf(event, this.#areOn());
    const handler = this.#handlers.get(action);
    if (!handler) return;
    if (DECIDING.has(action)) this.#decide(action, event, handler);
    else if (handler(event) !== false) event.preventDefault();
  }

  #decide(action, event, handler) {
    event.preventDefault();
    const now = this.#now();
    if (event.repeat || now - (this.#decidedAt.get(action) ?? -Infinity) < BETWEEN_DECISIONS) return;
    if (handler(event) !== false) this.#decidedAt.set(action, now);
  }
}
