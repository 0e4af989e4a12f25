/** One row of the board: one person with one call, or with several calls that ring for the same chain. */

import { ENDED, PROGRESS, RINGING } from "./sections.js";

const FIRST_TO_LAST = [RINGING, PROGRESS, ENDED];

export class Row {
  /** The calling person's id, and the records of the calls in order of arrival. */
  id;
  records = [];
  /** The section it is drawn in, its position there, since when, and since when it belongs to another section. */
  place = null;
  sequence = 0;
  placedAt = 0;
  movedAt = 0;
  /** Grows with every change of what is drawn. */
  revision = 0;
  /** Whether it passes the filter; its height when last drawn, in pixels, or null. */
  passes = true;
  height = null;
  isOpened = false;
  /** The chain of a policy-recording call, and whether the row still has to move below the others of that chain. */
  recordedChain = null;
  isApart = false;

  constructor(id) {
    this.id = id;
  }

  /** The section it belongs to: that of its most urgent call. */
  get belongs() {
    return FIRST_TO_LAST.find((section) => this.records.some((record) => record.belongs === section)) ?? ENDED;
  }

  /** The record that is drawn and decided on: the newest one in the row's section. */
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
