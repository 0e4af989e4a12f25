/** One row of the board: one person, with one call or with several that are the same ringing. */

import { ENDED, PROGRESS, RINGING } from "./sections.js";

const FIRST_TO_LAST = [RINGING, PROGRESS, ENDED];

export class Row {
  /** The person it stands for, and its calls' records in the order in which they came. */
  id;
  records = [];
  /** The section it is drawn in, its position there, since when, and since when it belongs elsewhere. */
  place = null;
  sequence = 0;
  placedAt = 0;
  movedAt = 0;
  /** Grows with everything that is drawn of it. */
  revision = 0;
  /** Whether it passes the filter, and its height where it was drawn last, in pixels; null where it never was. */
  passes = true;
  height = null;
  isOpened = false;
  /** The chain whose conversation its call records, and whether it still has to be put to others that record it. */
  recordedChain = null;
  isApart = false;

  constructor(id) {
    this.id = id;
  }

  /** The section it belongs to: where the most urgent of its calls does. */
  get belongs() {
    return FIRST_TO_LAST.find((section) => this.records.some((record) => record.belongs === section)) ?? ENDED;
  }

  /** The record that speaks for the row, and that a decision is about: the newest of those in its section. */
  get lead() {
    const section = this.belongs;
    return this.records.findLast((record) => record.belongs === section) ?? this.records.at(-1);
  }

  get call() {
    return this.lead.call;
  }

  touch() {
    this.revision += 1;
  }
}
