/**
 * What the board shows: the newest state of each call and the place where it is drawn.
 *
 * A call's row stays where it is for a moment after the call has moved on, and for as long as the layout is held
 * (somebody is about to click), so that no row slides under a pointer. New calls are always appended.
 */

import { ENDED, RINGING, sectionOf } from "./sections.js";

/** How long a row that has moved on stays in its old place, and how long an ended call is shown. Milliseconds. */
export const REST = 2500;
export const SHOWN_AFTER_END = 10_000;

export class Store {
  #records = new Map();
  #sequence = 0;
  /** Whether a snapshot has ever arrived. */
  known = false;

  /** Apply a frame and return the calls that have just begun to ring. */
  apply(frame, now) {
    if (frame.type === "snapshot") return this.#replace(frame.calls, now);
    if (frame.type === "changes") return this.#change(frame.calls ?? [], frame.gone ?? [], now);
    return [];
  }

  #replace(calls, now) {
    this.known = true;
    const named = new Set(calls.map((call) => call.key));
    for (const record of this.#records.values()) {
      if (!named.has(record.call.key)) this.#leave(record, now);
    }
    const inOrder = [...calls].sort((one, other) => (one.received_at ?? "").localeCompare(other.received_at ?? ""));
    return inOrder.filter((call) => this.#put(call, now));
  }

  #change(calls, gone, now) {
    const arrived = calls.filter((call) => this.#put(call, now));
    for (const key of gone) {
      const record = this.#records.get(key);
      if (record) this.#leave(record, now);
    }
    return arrived;
  }

  /** Take in a call's newest state and return whether it has just begun to ring. */
  #put(call, now) {
    const known = this.#records.get(call.key);
    if (known && known.call.version > call.version) return false;
    const belongs = sectionOf(call);
    const record = known ?? { place: belongs, sequence: this.#sequence++, placedAt: now };
    const startsRinging = belongs === RINGING && record.belongs !== RINGING;
    if (record.belongs !== belongs) record.movedAt = now;
    Object.assign(record, { call, belongs, vanished: false });
    if (startsRinging && record.place !== RINGING) this.#settle(record, now);
    this.#records.set(call.key, record);
    return startsRinging;
  }

  /** A call that leaves without a final state in hand ended while nobody told us how. */
  #leave(record, now) {
    if (record.belongs === ENDED) return;
    Object.assign(record, { belongs: ENDED, vanished: true, movedAt: now });
  }

  /** Forget everything: whoever looks at this page may not see calls any more. */
  clear() {
    this.#records.clear();
    this.known = false;
  }

  #settle(record, now) {
    Object.assign(record, { place: record.belongs, placedAt: now, sequence: this.#sequence++ });
  }

  /** Move rows to where they belong and drop those shown long enough, except what is held in place. */
  tidy(now, isHeld = () => false) {
    for (const [key, record] of this.#records) {
      if (isHeld(record)) continue;
      if (record.place !== record.belongs && now - record.movedAt >= REST) this.#settle(record, now);
      else if (record.place === ENDED && now - record.placedAt >= SHOWN_AFTER_END) this.#records.delete(key);
    }
  }

  /** The records drawn in one section, in the order in which they came there; of the ended ones the newest first. */
  section(place) {
    const records = [...this.#records.values()].filter((record) => record.place === place);
    const inOrder = records.sort((one, other) => one.sequence - other.sequence);
    return place === ENDED ? inOrder.reverse() : inOrder;
  }

  /** The records of the calls that ring now, whatever is still drawn. */
  ringing() {
    return [...this.#records.values()].filter((record) => record.belongs === RINGING);
  }

  ringingCount() {
    return this.ringing().length;
  }

  get(key) {
    return this.#records.get(key);
  }
}
