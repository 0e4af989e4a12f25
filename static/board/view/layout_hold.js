/**
 * Decides which rows must not move because the user is about to use one.
 *
 * While the mouse moves over a list, every row of it is held. When it rests, the row under it and the rows above are
 * held as long as that call can be decided. A focused row and the rows above it are held until the focus leaves.
 */

import { ENDED, RINGING } from "../data/sections.js";

/** A focus holds for this long after the last key. Milliseconds, as are the next two. */
const PATIENCE = 60_000;
/** A mouse counts as moving for this long after its last event. */
const AIMING = 3_000;
/** A touch holds for this long. */
const TOUCHING = 2_000;

export class LayoutHold {
  #now;
  #places;
  #pointerUntil = {};
  #focusUntil = {};
  #wasPressed = {};

  /**
   * `panes` are the elements of the sections by name; `places` is `{focused, pointedAt(section)}`: the focused row and
   * the row under the pointer, each null when there is none.
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

  /** A click focuses too, but holds for a short time only, unless it is in a text field. */
  #focus(section, target) {
    const isByPress = this.#wasPressed[section] && !target?.matches?.("input, textarea");
    this.#focusUntil[section] = this.#now() + (isByPress ? AIMING : PATIENCE);
  }

  /** Return whether a row must not move, for itself or because it would move a held row. */
  holds(row) {
    const { focused } = this.#places;
    if (this.#isAimedAt(row.place) || (this.#entersAbove(row) && this.#isUsed(ENDED))) return true;
    if (this.#keeps(row, this.#restedOn(row.place))) return true;
    return focused?.place === row.place && this.#isFocused(row.place) && this.#keeps(row, focused);
  }

  /** The row under a resting pointer, while it can be decided: a decision cannot be undone. */
  #restedOn(section) {
    const row = section === RINGING ? this.#places.pointedAt(section) : null;
    return row?.belongs === RINGING ? row : null;
  }

  /** Whether the other row would move if this one left. */
  #keeps(row, other) {
    return row === other || (other !== null && this.#isAbove(row, other));
  }

  /** Whether the row is about to enter the ended section, which has the newest row first; the other sections append. */
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
