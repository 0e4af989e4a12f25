/**
 * What the user does on the board: select, reject, filter and write notes.
 *
 * Events: `change` when something drawn may differ; `bulk` with the result of a bulk rejection; `writing` with the key
 * of a call whose note field opened; `leave-finder` when Escape leaves the search field.
 */

import { isFiltering, matcherOf, readFilter, writeFilter } from "../data/filter.js";
import { RINGING } from "../data/sections.js";
import { takesNote } from "../view/note_row.js";
import { Notes } from "./notes.js";
import { Selection } from "./selection.js";

/** A row without focus takes keys only after it has been visible this long. Milliseconds. */
const NOTICED = 700;

export class Actions extends EventTarget {
  filter = readFilter(new URLSearchParams(location.search));
  selection = new Selection();
  notes = new Notes();
  /** The result of the last bulk rejection until it is dismissed: `{asked, rejected, refused, isSending}`, else null. */
  bulkResult = null;
  /** Whether the filter is unfolded on a narrow screen. */
  isFinderOpen = false;
  #live;
  #decisions;
  #person;

  /** `page` is what `readPage` returns: the user and whether they may reject. */
  constructor(live, decisions, page) {
    super();
    this.#live = live;
    this.#decisions = decisions;
    this.#person = { ...page, decisions };
    live.store.filter(matcherOf(this.filter));
    live.addEventListener("forgotten", ({ detail: keys }) => this.notes.forget(keys));
    live.addEventListener("tick", () => this.selection.keep((row) => decisions.canReject(row)));
  }

  /** What the view needs to draw rows: state, and `actions`, the handlers of its buttons. */
  get view() {
    const { selection, notes } = this;
    return { selection, notes, decisions: this.#decisions, store: this.#live.store, actions: this.#handlers };
  }

  #handlers = {
    reject: (row, reason) => this.#decisions.reject(row, reason),
    pass: (row) => this.#decisions.letPass(row),
    select: (row, isSelected, isRange) => this.select(row, isSelected, isRange),
    expand: (row) => this.expand(row),
    selectAll: () => this.selectAll(),
    unselectAll: () => this.unselectAll(),
    rejectSelected: (reason) => this.rejectSelected(reason),
    dismissBulk: () => this.#do(() => (this.bulkResult = null)),
    writeNote: (key, text) => this.writeNote(key, text),
    saveNote: (call) => this.#saveNote(call),
    closeNote: (key) => this.#closeNote(key),
    filter: (change) => this.filterBy(change),
    openFinder: () => this.#do(() => (this.isFinderOpen = !this.isFinderOpen)),
    leaveFinder: (event) => this.#leaveFinder(event),
    showEverything: () => this.filterBy(readFilter()),
  };

  #changed() {
    this.dispatchEvent(new Event("change"));
  }

  #do(change) {
    change();
    this.#changed();
  }

  // Rows --------------------------------------------------------------------------------------------------------------

  /**
   * The row that keys decide on: the focused one, or without focus the only ringing one. Null when several ring, and
   * when the only one has just appeared: the key may have been meant for the row before it.
   */
  keysGoTo(focused) {
    if (focused) return focused.place === RINGING && this.#decisions.canReject(focused) ? focused : null;
    const [only, another] = this.#live.store.ringingRows();
    const isTheOne = only && !another && only.passes && this.#decisions.canReject(only);
    return isTheOne && performance.now() - only.placedAt >= NOTICED ? only : null;
  }

  expand(row) {
    this.#do(() => {
      Object.assign(row, { isOpened: !row.isOpened, height: null });
      row.touch();
    });
  }

  /** Record which rows are drawn. */
  nowShown(rows) {
    this.#decisions.nowShown(rows);
  }

  // Several at once ---------------------------------------------------------------------------------------------------

  select(row, isSelected = !this.selection.has(row), isRange = false) {
    if (!this.#decisions.canReject(row)) return;
    this.#do(() => {
      if (isRange) this.selection.extend(row, this.#selectable());
      else this.selection.toggle(row, isSelected);
      this.bulkResult = null;
    });
  }

  selectAll() {
    this.#do(() => {
      for (const row of this.#selectable()) this.selection.toggle(row, true);
      this.bulkResult = null;
    });
  }

  /** Unselect everything; return false when nothing was selected. */
  unselectAll() {
    if (!this.selection.size) return false;
    this.#do(() => this.selection.keep());
    return true;
  }

  #selectable() {
    return this.#live.store.list(RINGING).shown.filter((row) => this.#decisions.canReject(row));
  }

  async rejectSelected(reason) {
    const { rows } = this.selection;
    const asked = rows.length;
    this.#do(() => {
      this.selection.keep();
      this.bulkResult = { asked, isSending: true };
    });
    const result = await this.#decisions.rejectAll(rows, reason);
    this.#do(() => (this.bulkResult = { ...result, isSending: false }));
    this.dispatchEvent(new CustomEvent("bulk", { detail: this.bulkResult }));
  }

  // Notes -------------------------------------------------------------------------------------------------------------

  /** Open a call's note field if the user may write a note on it; the `writing` event has it focused. */
  writeNote(key, text = "") {
    const record = this.#live.store.get(key);
    if (!record || !takesNote(record, this.#person)) return;
    this.notes.write(key, this.notes.draftOn(key) ?? text);
    this.#touch(key);
    this.dispatchEvent(new CustomEvent("writing", { detail: key }));
  }

  async #saveNote(call) {
    const text = (this.notes.draftOn(call.key) ?? "").trim();
    if (text && !(await this.#decisions.note(call, text))) return;
    this.#closeNote(call.key);
  }

  #closeNote(key) {
    this.notes.close(key);
    this.#touch(key);
  }

  #touch(key) {
    this.#do(() => this.#live.store.get(key)?.row.touch());
  }

  // Filter ------------------------------------------------------------------------------------------------------------

  /** Change parts of the filter, and write it to the page's address so that it survives a reload. */
  filterBy(change) {
    this.#do(() => {
      this.filter = { ...this.filter, ...change };
      this.#live.store.filter(matcherOf(this.filter));
      const address = writeFilter(this.filter, new URLSearchParams(location.search));
      history.replaceState(null, "", `${location.pathname}${address.size ? `?${address}` : ""}`);
    });
  }

  /** Escape first empties the search field, then leaves it. */
  #leaveFinder(event) {
    event.preventDefault();
    if (isFiltering(this.filter) && this.filter.text) this.filterBy({ text: "" });
    else this.dispatchEvent(new Event("leave-finder"));
  }
}
