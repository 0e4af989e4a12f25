/** The keyboard: which action a key press asks for, and whether it counts. */

import { KEYS } from "../view/keys.js";

const ACTION_OF = new Map(KEYS.flatMap(({ keys }) => keys).flatMap(({ action, keys }) => keys.map((key) => [key, action])));

/** Keys that move belong to whoever has the focus; they are no shortcuts and cannot be switched off. */
const MOVING = new Set(["ArrowDown", "ArrowUp", "PageDown", "PageUp", "Home", "End", "Escape"]);

/** What decides: never because a key is held, nor by the same key twice within this time. Milliseconds. */
const DECIDING = new Set(["reject-none", "reject-busy", "reject-forbidden", "pass"]);
export const BETWEEN_DECISIONS = 700;

/** Return the action that a key press asks for, or null where the key means something else or nothing. */
export function actionOf({ key, code = "", shiftKey, ctrlKey, altKey, metaKey }, areOn) {
  if (ctrlKey || altKey || metaKey) return null;
  if (!areOn && !MOVING.has(key)) return null;
  const meant = key.length === 1 ? key.toLowerCase() : key;
  return ACTION_OF.get(meant) ?? ACTION_OF.get(onLatinKeyboard(code, shiftKey)) ?? null;
}

/** What the key would be on a Latin keyboard: people do not change their layout to reject a call. */
function onLatinKeyboard(code, shiftKey) {
  if (code === "Slash") return shiftKey ? "?" : "/";
  return /^(?:Key|Digit)(.)$/.exec(code)?.[1].toLowerCase();
}

/** Whether the element takes keys itself. */
function takesKeys(element) {
  return Boolean(element.closest("input:not([type=checkbox]), textarea, select, [contenteditable], dialog, [popover]"));
}

export class Keyboard {
  #handlers = new Map();
  #areOn;
  #now;
  #decidedAt = new Map();

  /** `areOn()` says whether single keys do anything; people can switch them off. */
  constructor(target, { areOn = () => true, now = () => performance.now() } = {}) {
    this.#areOn = areOn;
    this.#now = now;
    target.addEventListener("keydown", (event) => this.press(event));
  }

  /** Let `action` do something; `handler(event)` returns false where it has nothing to do. */
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
