/** Whether rows must stay where they are because somebody is about to use one. */

/** A pointer that has rested longer than this belongs to somebody who went away; a finger decides faster. */
const POINTER_PATIENCE = 60_000;
const TOUCH_PATIENCE = 2_000;

export class LayoutHold {
  #list;
  #now;
  #until = 0;

  constructor(list, now = () => performance.now()) {
    this.#list = list;
    this.#now = now;
    for (const kind of ["pointerenter", "pointermove", "pointerdown"]) {
      list.addEventListener(kind, (event) => this.#hold(event.pointerType), { passive: true });
    }
    list.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && this.release());
  }

  #hold(pointerType) {
    this.#until = this.#now() + (pointerType === "mouse" ? POINTER_PATIENCE : TOUCH_PATIENCE);
  }

  release() {
    this.#until = 0;
  }

  /** Return whether a record's row must stay: the pointer is on the list, or the focus is in that row. */
  holds(record) {
    return this.#now() < this.#until || this.focusedKey() === record.call.key;
  }

  /** The key of the row that has the focus, or null. */
  focusedKey() {
    const focused = this.#list.ownerDocument.activeElement;
    return this.#list.contains(focused) ? (focused.closest("[data-key]")?.dataset.key ?? null) : null;
  }
}
