/**
 * Whether rows must stay where they are because somebody is about to use one.
 *
 * A mouse that moves over a list may be on its way to any row of it: all stay. One that rests points at a single call,
 * which stays where it is for as long as it can be decided; once nothing can be pressed there any more, rows leave and
 * close up as if nobody was there. Whoever uses keys stays on the focused row until they go elsewhere.
 */

import { ENDED, RINGING } from "../data/sections.js";

/** A focus that has rested longer than this belongs to somebody who went away. Milliseconds, as all here. */
const PATIENCE = 60_000;
/** After this long without a move a mouse is not on its way any more. */
const AIMING = 3_000;
/** A finger decides faster, and is nowhere when it does not touch. */
const TOUCHING = 2_000;

export class LayoutHold {
  #now;
  #places;
  #pointerUntil = {};
  #focusUntil = {};
  #wasPressed = {};

  /**
   * `panes` are the elements of the sections by name; `places` tells `{focused, pointedAt(section)}`, the row that has
   * the focus and the one under the pointer, each null when there is none.
   */
  constructor(panes, places, now = () => performance.now()) {
    this.#now = now;
    this.#places = places;
    for (const [section, pane] of Object.entries(panes)) this.#watch(section, pane);
  }

  #watch(section, pane) {
    for (const kind of ["pointerenter", "pointermove", "pointerdown"]) {
      pane.addEventListener(kind, (event) => this.#point(section, event.pointerType), { passive: true });
    }
    pane.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && (this.#pointerUntil[section] = 0));
    pane.addEventListener("pointerdown", () => (this.#wasPressed[section] = true), { passive: true });
    pane.addEventListener("keydown", () => (this.#wasPressed[section] = false));
    for (const kind of ["keydown", "focusin"]) pane.addEventListener(kind, (event) => this.#focus(section, event.target));
    pane.addEventListener("focusout", () => (this.#focusUntil[section] = 0));
  }

  #point(section, pointerType) {
    this.#pointerUntil[section] = this.#now() + (pointerType === "mouse" ? AIMING : TOUCHING);
  }

  /** What was pressed has the focus as well, but only somebody who types, or moves with keys, stays there. */
  #focus(section, target) {
    const isByPress = this.#wasPressed[section] && !target?.matches?.("input, textarea");
    this.#focusUntil[section] = this.#now() + (isByPress ? AIMING : PATIENCE);
  }

  /** Return whether a row must stay where it is, for its own sake or for that of the rows it would move. */
  holds(row) {
    const { focused } = this.#places;
    if (row === focused && this.#isUsed(row.place)) return true;
    if (this.#isAimedAt(row.place) || (this.#entersAbove(row) && this.#isUsed(ENDED))) return true;
    if (this.#keeps(row, this.#restedOn(row.place))) return true;
    return focused?.place === row.place && this.#isFocused(row.place) && this.#keeps(row, focused);
  }

  /** The call under a pointer that rests, while something can be pressed there that cannot be taken back. */
  #restedOn(section) {
    const row = section === RINGING ? this.#places.pointedAt(section) : null;
    return row?.belongs === RINGING ? row : null;
  }

  /** Whether the other row would move, or would be gone, if this one left. */
  #keeps(row, other) {
    return row === other || (other !== null && this.#isAbove(row, other));
  }

  /** Rows append everywhere but to the ended ones, of which the newest is first. */
  #entersAbove(row) {
    return row.place !== row.belongs && row.belongs === ENDED;
  }

  #isAbove(row, other) {
    return row.place === ENDED ? row.sequence > other.sequence : row.sequence < other.sequence;
  }

  #isUsed(section) {
    return this.#isAimedAt(section) || this.#isFocused(section);
  }

  #isAimedAt(section) {
    return this.#now() < (this.#pointerUntil[section] ?? 0);
  }

  #isFocused(section) {
    return this.#now() < (this.#focusUntil[section] ?? 0);
  }
}
