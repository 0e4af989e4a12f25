/**
 * The newest state of each call, and the rows that calls are drawn in.
 *
 * A row stays in its section for a moment after its calls moved on, and while the layout is held, so that no row moves
 * under a pointer. New rows are appended. Only a snapshot and a new filter visit all calls.
 */

import { personOf, recordedChainOf } from "./chains.js";
import { Choices } from "./choices.js";
import { Row } from "./row.js";
import { RowList } from "./row_list.js";
import { ENDED, PROGRESS, RINGING, sectionOf } from "./sections.js";

/** How long a row stays in its old section, and how long an ended call is shown. Milliseconds. */
export const REST = 2500;
export const SHOWN_AFTER_END = 30_000;

export class Store {
  /** Whether a snapshot has ever arrived. */
  known = false;
  /** The filter choices among the current calls. */
  choices = new Choices();

  #records = new Map();
  #rows = new Map();
  #lists = { [RINGING]: new RowList(), [PROGRESS]: new RowList(), [ENDED]: new RowList() };
  #ringing = new Set();
  #ringingRows = new Set();
  #hiddenRinging = new Set();
  #restless = new Set();
  #recordings = new Map();
  #sequence = 0;
  #matches = () => true;
  #isHeld = () => false;

  /** Apply a frame and return the calls that began to ring; rows for which `isHeld(row)` is true do not move. */
  apply(frame, now, isHeld = () => false) {
    this.#isHeld = isHeld;
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
    return inOrder.filter((call) => !this.#has(call) && this.#put(call, now));
  }

  /** Whether this state of the call is known; a snapshot repeats all calls, and few have changed. */
  #has({ key, version, watched }) {
    const record = this.#records.get(key);
    return Boolean(record) && !record.vanished && record.call.version === version && record.call.watched === watched;
  }

  #change(calls, gone, now) {
    const arrived = calls.filter((call) => this.#put(call, now));
    for (const key of gone) {
      const record = this.#records.get(key);
      if (record) this.#leave(record, now);
    }
    return arrived;
  }

  /** Store a call's new state and return whether the call began to ring. */
  #put(call, now) {
    const known = this.#records.get(call.key);
    if (known && known.call.version > call.version) return false;
    const record = known ?? { row: this.#rowFor(call) };
    const belongs = sectionOf(call);
    const startsRinging = belongs === RINGING && record.belongs !== RINGING;
    this.choices.replace(record.call, call);
    Object.assign(record, { call, belongs, vanished: false });
    if (known) this.#regroup(record);
    else this.#add(record);
    this.#follow(record, now, startsRinging);
    return startsRinging;
  }

  #rowFor(call) {
    const id = personOf(call);
    const row = this.#rows.get(id) ?? new Row(id);
    this.#rows.set(id, row);
    return row;
  }

  #add(record) {
    this.#records.set(record.call.key, record);
    record.row.records.push(record);
    const chain = recordedChainOf(record.call);
    if (!chain) return;
    record.recordedChain = record.row.recordedChain = chain;
    const others = this.#recordings.get(chain) ?? [];
    for (const row of others) row.touch();
    this.#recordings.set(chain, [...others, record.row]);
  }

  /** The caller may become known later than the call: the row takes the person's id unless another row has it. */
  #regroup({ call, row }) {
    const id = personOf(call);
    if (id === row.id || row.records.length > 1 || this.#rows.has(id)) return;
    this.#rows.delete(row.id);
    row.id = id;
    this.#rows.set(id, row);
  }

  /** A call that is gone without a final state ended while the feed was lost. */
  #leave(record, now) {
    if (record.belongs === ENDED) return;
    Object.assign(record, { belongs: ENDED, vanished: true });
    this.#follow(record, now, false);
  }

  /** Update the row and all indexes after a record changed. */
  #follow(record, now, startsRinging) {
    const { row } = record;
    row.touch();
    toggle(this.#ringing, record, record.belongs === RINGING);
    const belongs = row.belongs;
    toggle(this.#ringingRows, row, belongs === RINGING);
    if (row.belonged !== belongs) Object.assign(row, { belonged: belongs, movedAt: now });
    if (row.place === null || (startsRinging && row.place !== RINGING)) this.#settle(row, now);
    if (row.place !== belongs) this.#restless.add(row);
    this.#sift(row);
  }

  #settle(row, now) {
    if (row.place !== null) this.#lists[row.place].remove(row);
    Object.assign(row, { place: row.belongs, placedAt: now, sequence: this.#sequence++, height: null });
    row.passes = this.#matches(row);
    row.touch();
    this.#lists[row.place].add(row);
    this.#join(row);
    if (row.place === ENDED) this.#restless.add(row);
  }

  /** Move a row below the others of its recorded chain; later if that would move a held row. */
  #join(row) {
    const list = this.#lists[row.place];
    const last = this.#lastOfRecording(row);
    const next = last && list.after(last);
    row.isApart = Boolean(next) && next !== row;
    if (!row.isApart) return;
    const sequence = (last.sequence + next.sequence) / 2;
    if (this.#isHeld(row) || this.#isHeld(next) || sequence <= last.sequence || sequence >= next.sequence) {
      this.#restless.add(row);
      return;
    }
    list.remove(row);
    Object.assign(row, { sequence, isApart: false });
    list.add(row);
  }

  /** The last row above this one of the same recorded chain; ended rows are not grouped, they are sorted by age. */
  #lastOfRecording(row) {
    if (!row.recordedChain || row.place === ENDED) return null;
    const above = this.#recordings.get(row.recordedChain).filter(({ place, sequence }) => place === row.place && sequence < row.sequence);
    return above.reduce((last, other) => (last?.sequence > other.sequence ? last : other), null);
  }

  /** Move rows to their sections and drop ended rows after a while, except held ones; return the dropped keys. */
  tidy(now, isHeld = () => false) {
    this.#isHeld = isHeld;
    const dropped = [];
    for (const row of this.#restless) {
      if (isHeld(row)) continue;
      if (row.place !== row.belongs) {
        if (now - row.movedAt >= REST) this.#settle(row, now);
      } else if (row.place === ENDED) {
        if (now - row.placedAt >= SHOWN_AFTER_END) dropped.push(...this.#drop(row));
      } else if (row.passes !== this.#matches(row)) {
        this.#show(row, !row.passes);
      } else {
        if (row.isApart) this.#join(row);
        if (!row.isApart) this.#restless.delete(row);
      }
    }
    return dropped;
  }

  #drop(row) {
    this.#lists[row.place].remove(row);
    this.#restless.delete(row);
    this.#rows.delete(row.id);
    for (const { call, recordedChain } of row.records) {
      this.#records.delete(call.key);
      this.choices.replace(call, undefined);
      if (recordedChain) this.#forgetRecording(recordedChain, row);
    }
    return row.records.map(({ call }) => call.key);
  }

  #forgetRecording(chain, row) {
    const others = this.#recordings.get(chain).filter((other) => other !== row);
    if (others.length) this.#recordings.set(chain, others);
    else this.#recordings.delete(chain);
  }

  /** Forget all calls, because the user may no longer see them. */
  clear() {
    for (const index of [this.#records, this.#rows, this.#recordings]) index.clear();
    for (const set of [this.#ringing, this.#ringingRows, this.#hiddenRinging, this.#restless]) set.clear();
    for (const list of Object.values(this.#lists)) list.clear();
    this.choices = new Choices();
    this.known = false;
  }

  // Filtering ---------------------------------------------------------------------------------------------------------

  /** Show only rows that match from now on. */
  filter(matches) {
    this.#matches = matches;
    for (const row of this.#rows.values()) row.passes = matches(row);
    for (const list of Object.values(this.#lists)) list.reviewAll();
    for (const row of this.#ringingRows) toggle(this.#hiddenRinging, row, !row.passes);
  }

  /** Show a row that now passes at once; hide one that no longer does with the next `tidy`, unless it is held. */
  #sift(row) {
    const passes = this.#matches(row);
    if (passes && !row.passes) this.#show(row, true);
    else if (row.passes && !passes) this.#restless.add(row);
    toggle(this.#hiddenRinging, row, row.belongs === RINGING && !row.passes);
  }

  #show(row, passes) {
    row.passes = passes;
    this.#lists[row.place].review(row);
    toggle(this.#hiddenRinging, row, row.belongs === RINGING && !passes);
  }

  // Looking -----------------------------------------------------------------------------------------------------------

  /** The RowList of a section. */
  list(place) {
    return this.#lists[place];
  }

  /** The records of the ringing calls. */
  ringing() {
    return this.#ringing;
  }

  /** The rows with a ringing call, in whatever section they are drawn. */
  ringingRows() {
    return this.#ringingRows;
  }

  /** The number of ringing rows, including those the filter hides. */
  ringingCount() {
    return this.#ringingRows.size;
  }

  /** The number of ringing rows that the filter hides. */
  hiddenRingingCount() {
    return this.#hiddenRinging.size;
  }

  /**
   * Return `{number, of}` for a row that records a conversation, else null. Also for the only one: what is said of it
   * would else become longer, and its row higher, when another one joins it.
   */
  recordingOf(row) {
    const rows = this.#recordings.get(row.recordedChain);
    return rows ? { number: rows.indexOf(row) + 1, of: rows.length } : null;
  }

  get(key) {
    return this.#records.get(key);
  }
}

function toggle(set, member, belongs) {
  if (belongs) set.add(member);
  else set.delete(member);
}
