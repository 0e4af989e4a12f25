/** Moves the keyboard focus between rows, and keeps it in place when the focused row is removed. */

export class Focus {
  #windows;
  #fallback;
  #stamp;

  /** `windows` are the RowWindows in page order; `fallback` is focused when no row is left. */
  constructor(windows, fallback, stamp) {
    this.#windows = windows;
    this.#fallback = fallback;
    this.#stamp = stamp;
  }

  /** The row that has the focus, or null. */
  get row() {
    return this.#place()?.row ?? null;
  }

  #place() {
    for (const window of this.#windows) {
      const row = window.rowAround(document.activeElement);
      if (row) return { window, row, index: window.indexOf(row) };
    }
    return null;
  }

  /** Focus the row at an index of a window; return whether there is one. */
  to(window, index) {
    if (!window.count) return false;
    const within = Math.min(Math.max(index, 0), window.count - 1);
    const element = window.reveal(within, this.#stamp());
    element?.focus({ preventScroll: true });
    return Boolean(element);
  }

  /** Focus the index that `step(window, index)` returns; the first row if no row has the focus. */
  move(step) {
    const place = this.#place();
    if (place) return this.to(place.window, step(place.window, place.index));
    return this.toFirst();
  }

  toFirst() {
    const window = this.#windows.find(({ count }) => count > 0);
    return Boolean(window) && this.to(window, 0);
  }

  /** Run `draw`; if the focused element was removed, focus its row, else the row now at its index. */
  keepWhile(draw) {
    const before = document.activeElement;
    const place = this.#place();
    draw();
    if (!place || before.isConnected) return;
    const moved = this.#windows.find((window) => window.elementOf(place.row));
    if (moved) moved.elementOf(place.row).focus({ preventScroll: true });
    else if (!this.to(place.window, place.index)) this.#fallback.focus({ preventScroll: true });
  }
}
