/** Whether rows must stay where they are because somebody is about to use one. */

import { ENDED } from "./sections.js";

/** A pointer, or a focus, that has rested longer than this belongs to somebody who went away; a finger decides faster. */
const PATIENCE = 60_000;
const TOUCH_PATIENCE = 2_000;

export class LayoutHold {
  #now;
  #pointerUntil = {};
  #focusUntil = {};
  #focusedRow;

  /** `panes` are the elements of the sections by name; `focusedRow()` returns the row that has the focus, or null. */
  constructor(panes, focusedRow, now = () => performance.now()) {
    this.#now = now;
    this.#focusedRow = focusedRow;
    for (const [section, pane] of Object.entries(panes)) this.#watch(section, pane);
  }

  #watch(section, pane) {
    for (const kind of ["pointerenter", "pointermove", "pointerdown"]) {
      pane.addEventListener(kind, (event) => this.#point(section, event.pointerType), { passive: true });
    }
    pane.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && (this.#pointerUntil[section] = 0));
    for (const kind of ["keydown", "focusin"]) {
      pane.addEventListener(kind, () => (this.#focusUntil[section] = this.#now() + PATIENCE));
    }
    pane.addEventListener("focusout", () => (this.#focusUntil[section] = 0));
  }

  #point(section, pointerType) {
    this.#pointerUntil[section] = this.#now() + (pointerType === "mouse" ? PATIENCE : TOUCH_PATIENCE);
  }

  /** Return whether a row must stay where it is, for its own sake or for that of the rows it would move. */
  holds(row) {
    const focused = this.#focusedRow();
    if (row === focused && this.#isUsed(row.place)) return true;
    if (this.#isPointedAt(row.place) || (this.#entersAbove(row) && this.#isUsed(ENDED))) return true;
    return focused?.place === row.place && this.#isFocused(row.place) && this.#isAbove(row, focused);
  }

  /** Rows append everywhere but to the ended ones, of which the newest is first. */
  #entersAbove(row) {
    return row.place !== row.belongs && row.belongs === ENDED;
  }

  #isAbove(row, focused) {
    return row.place === ENDED ? row.sequence > focused.sequence : row.sequence < focused.sequence;
  }

  #isUsed(section) {
    return this.#isPointedAt(section) || this.#isFocused(section);
  }

  #isPointedAt(section) {
    return this.#now() < (this.#pointerUntil[section] ?? 0);
  }

  #isFocused(section) {
    return this.#now() < (this.#focusUntil[section] ?? 0);
  }
}
