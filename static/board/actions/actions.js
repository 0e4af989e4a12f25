/**
 * What the person in front of this page does: choose a row, decide, select, filter, write notes.
 *
 * Event: `change`, when something that is shown may be different because of that.
 */

import { isFiltering, matcherOf, readFilter, writeFilter } from "../data/filter.js";
import { RINGING } from "../data/sections.js";
import { takesNote } from "../view/note_row.js";
import { Notes } from "./notes.js";
import { Selection } from "./selection.js";

/** How long a row has to be there before a key can be meant for it. Milliseconds. */
const NOTICED = 700;

export class Actions extends EventTarget {
  filter = readFilter(new URLSearchParams(location.search));
  selection = new Selection();
  notes = new Notes();
  /** What became of the last decision on several rows, until it is dismissed: `{asked, rejected, refused, isSending}`. */
  bulkResult = null;
  /** Whether all of the filter is shown where there is little room. */
  isFinderOpen = false;
  #live;
  #decisions;
  #person;

  /** `page` tells who is in front of it, and whether they may reject. */
  constructor(live, decisions, page) {
    super();
    this.#live = live;
    this.#decisions = decisions;
    this.#person = { ...page, decisions };
    live.store.filter(matcherOf(this.filter));
    live.addEventListener("forgotten", ({ detail: keys }) => this.notes.forget(keys));
    live.addEventListener("tick", () => this.selection.keep((row) => decisions.canReject(row)));
  }

  /** What rows are drawn with. */
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
   * The row that keys decide on: the focused one, or where nothing is focused the only one there is to decide on. With
   * several, nobody can know which one is meant; nor with one that has only just come, perhaps in another's place.
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

  /** Note which rows are in front of this person. */
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

  /** Open the field for a note where one can be written, and have it focused. */
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

  /** Change some of the filter, and keep it in the page's address so that it survives a reload. */
  filterBy(change) {
    this.#do(() => {
      this.filter = { ...this.filter, ...change };
      this.#live.store.filter(matcherOf(this.filter));
      const address = writeFilter(this.filter, new URLSearchParams(location.search));
      history.replaceState(null, "", `${location.pathname}${address.size ? `?${address}` : ""}`);
    });
  }

  /** Escape empties the field first and leaves it then. */
  #leaveFinder(event) {
    event.preventDefault();
    if (isFiltering(this.filter) && this.filter.text) this.filterBy({ text: "" });
    else this.dispatchEvent(new Event("leave-finder"));
  }
}
