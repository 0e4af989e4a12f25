/**
 * Draws the three sections: at most once per animation frame, only rows in view, and only what changed.
 *
 * A ringing row is drawn again with each tick of its countdown; what stands above the rows with each tick and action.
 */

import { render } from "../../vendor/lit-html-3.3.3/lit-html.js";
import { ENDED, PROGRESS, RINGING } from "../data/sections.js";
import { filterBar } from "./filter_bar.js";
import { Focus } from "./focus.js";
import { LayoutHold } from "./layout_hold.js";
import { MOST_PRINTED, RowWindow } from "./row_window.js";
import { drawQuiet, drawRinging } from "./rows.js";
import { blank, bulk, count, leftOut, none, nothingMatches } from "./section_header.js";
import { gettext } from "./words.js";

const SECTIONS = [RINGING, PROGRESS, ENDED];
/** From this size on each section scrolls by itself; keep in step with board.css. */
const PANES = "(min-width: 75rem) and (min-height: 36rem)";
const NOBODY = {
  [PROGRESS]: () => gettext("No call is in progress."),
  [ENDED]: () => gettext("No call has just ended."),
};

export class BoardView {
  focus;
  #live;
  #actions;
  #view;
  #windows;
  #parts;
  #stamp = 0;
  #isDue = false;
  #isPrinting = false;

  /** `actions` is an `Actions`; `people` is `{me, time}` as in `outcomeOf`. */
  constructor(root, { live, actions, page, people }) {
    this.#live = live;
    this.#actions = actions;
    this.#parts = Object.fromEntries(SECTIONS.map((section) => [section, partsOf(root, section)]));
    this.#windows = Object.fromEntries(SECTIONS.map((section) => [section, this.#windowOf(section)]));
    this.focus = new Focus(Object.values(this.#windows), this.#parts[RINGING].heading, () => this.#stamp);
    this.#view = { ...people, ...page, ...actions.view };
    const panes = Object.fromEntries(SECTIONS.map((section) => [section, this.#parts[section].pane]));
    const hold = new LayoutHold(panes, this.#places());
    live.isHeld = (row) => hold.holds(row);
    live.addEventListener("tick", () => (this.#stamp += 1));
    live.addEventListener("change", () => this.due());
    actions.addEventListener("change", () => (this.#stamp += 1) && this.due());
    for (const kind of ["scroll", "resize"]) addEventListener(kind, () => this.due(), { capture: true, passive: true });
    document.addEventListener("visibilitychange", () => this.due());
    addEventListener("beforeprint", () => this.#print(true));
    addEventListener("afterprint", () => this.#print(false));
    for (const kind of ["focusin", "focusout"]) document.addEventListener(kind, () => this.due());
  }

  /** The focused row and the rows under the pointer, for LayoutHold. */
  #places() {
    const [focus, windows] = [this.focus, this.#windows];
    return {
      get focused() {
        return focus.row;
      },
      pointedAt: (section) => windows[section].pointedAt,
    };
  }

  #windowOf(section) {
    const panes = matchMedia(PANES);
    const draw = section === RINGING ? drawRinging : drawQuiet;
    const window = new RowWindow(this.#parts[section].pane, {
      draw: (row, element) => draw(row, element, this.#view),
      newestFirst: section === ENDED,
      hasOwnScroll: () => panes.matches,
      onMeasured: () => this.due(),
    });
    window.labelledBy(`${section}-heading`);
    return window;
  }

  /** Draw all rows for printing, at once: the browser does not wait for the next frame. */
  #print(isPrinting) {
    this.#isPrinting = isPrinting;
    this.#stamp += 1;
    for (const window of Object.values(this.#windows)) window.print(isPrinting);
    this.drawNow();
  }

  /** Draw in the next animation frame. */
  due() {
    if (this.#isDue) return;
    this.#isDue = true;
    requestAnimationFrame(() => {
      this.#isDue = false;
      this.drawNow();
    });
  }

  drawNow() {
    const { clock, store, feed } = this.#live;
    const keysGoTo = this.#actions.selection.size ? null : this.#actions.keysGoTo(this.focus.row);
    Object.assign(this.#view, { now: clock.now(), rejectMilliseconds: this.#live.rejectMilliseconds, known: store.known, state: feed.state });
    this.#pointKeysAt(keysGoTo);
    this.focus.keepWhile(() => {
      this.#drawParts();
      for (const window of Object.values(this.#windows)) window.look();
      for (const section of SECTIONS) {
        this.#windows[section].show(store.list(section), section === RINGING ? this.#stamp : 0);
        this.#windows[section].checkCurrent();
      }
    });
    this.#actions.nowShown(this.#windows[RINGING].drawnRows());
  }

  #pointKeysAt(row) {
    if (this.#view.keysGoTo === row) return;
    this.#view.keysGoTo?.touch();
    row?.touch();
    this.#view.keysGoTo = row;
  }

  /** Draw what stands above the rows if it may have changed. */
  #drawParts() {
    const { store } = this.#live;
    const isEmpty = SECTIONS.map((section) => store.list(section).shown.length === 0).join();
    const drawn = `${this.#stamp} ${isEmpty} ${store.known} ${this.#view.state}`;
    if (this.#parts.drawn === drawn) return;
    this.#parts.drawn = drawn;
    for (const section of SECTIONS) this.#drawPart(section, store.list(section));
    const { filter, isFinderOpen } = this.#actions;
    const finder = { filter, isOpen: isFinderOpen, choices: store.choices, hidden: this.#hiddenRinging() };
    render(filterBar(finder, this.#view.actions), this.#parts[RINGING].finder);
    render(bulk({ ...this.#view, bulkResult: this.#actions.bulkResult, ringingShown: store.list(RINGING).shown.length }), this.#parts[RINGING].bulk);
  }

  #hiddenRinging() {
    const { store } = this.#live;
    const { section } = this.#actions.filter;
    return section && section !== RINGING ? store.ringingCount() : store.hiddenRingingCount();
  }

  #drawPart(section, list) {
    const { part, count: place, empty } = this.#parts[section];
    const chosen = this.#actions.filter.section;
    part.hidden = Boolean(chosen) && chosen !== section;
    render(count(list), place);
    render(this.#emptiness(section, list), empty);
  }

  #emptiness(section, { shown, all }) {
    if (shown.length) return this.#isPrinting && shown.length > MOST_PRINTED ? leftOut(MOST_PRINTED, shown.length) : null;
    if (all.length) return nothingMatches();
    return section === RINGING ? blank(this.#view) : none(this.#view, NOBODY[section]());
  }
}

function partsOf(root, section) {
  const find = (name) => root.querySelector(`#${section}-${name}`);
  const pane = root.querySelector(`#${section}`);
  const empty = document.createElement("div");
  pane.append(empty);
  const above = { finder: root.querySelector("#finder"), bulk: root.querySelector("#bulk") };
  return { ...above, pane, empty, part: pane.closest("section"), heading: find("heading"), count: find("count") };
}
