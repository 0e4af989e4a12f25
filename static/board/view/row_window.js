/**
 * Keeps only those rows of a list in the document that are in view or have the focus.
 *
 * Rows are placed by their measured height, or by an estimate. When rows above the view change, the view scrolls by the
 * same distance, so that what the user looks at, points at or has focused stays in place.
 */

import { placeOf } from "../data/row_list.js";

/** Most rows that are printed, about thirty pages. */
export const MOST_PRINTED = 500;
/** Rows exist this far outside the view, for scrolling and the Tab key. Pixels. */
const BEYOND = 400;
const FIRST_ESTIMATE = 120;
const GAP = 10;
const GAP_WITHIN = 3;

export class RowWindow {
  #pane;
  #list;
  #draw;
  #newestFirst;
  #hasOwnScroll;
  #onMeasured;
  #observer = new ResizeObserver((entries) => this.#measured(entries));
  /** By row: its element, the drawn revision and its position. */
  #items = new Map();
  #rowOf = new WeakMap();
  #rows = [];
  #offsets = new Float64Array(1);
  #isArranged = false;
  #isPrinting = false;
  #arrangedRevision = -1;
  #estimate = FIRST_ESTIMATE;
  #shape = "";
  #view = { top: 0, bottom: 0 };
  #pointedAt = null;
  #current = null;

  /**
   * `pane` scrolls if `hasOwnScroll()`, else the document. `draw(row, element)` fills a row's element; `onMeasured()` is
   * called when measured heights differ and the view may have room for more rows.
   */
  constructor(pane, { draw, newestFirst = false, hasOwnScroll, onMeasured }) {
    this.#pane = pane;
    this.#draw = draw;
    this.#newestFirst = newestFirst;
    this.#hasOwnScroll = hasOwnScroll;
    this.#onMeasured = onMeasured;
    this.#list = document.createElement("ul");
    this.#list.className = "calls";
    this.#list.setAttribute("role", "list"); // Safari drops the list role without list markers
    pane.append(this.#list);
    pane.addEventListener("pointerover", (event) => (this.#pointedAt = this.rowAround(event.target)));
    pane.addEventListener("pointerleave", () => (this.#pointedAt = null));
    pane.addEventListener("focusin", (event) => this.#focused(event.target));
  }

  get count() {
    return this.#rows.length;
  }

  /** The row under the pointer, or null. */
  get pointedAt() {
    return this.#pointedAt;
  }

  labelledBy(id) {
    this.#list.setAttribute("aria-labelledby", id);
  }

  rowAt(index) {
    return this.#rows[this.#newestFirst ? this.#rows.length - 1 - index : index];
  }

  /** Return the row's position in the list, -1 when it is not in it. */
  indexOf(row) {
    const place = placeOf(this.#rows, row);
    if (this.#rows[place] !== row) return -1;
    return this.#newestFirst ? this.#rows.length - 1 - place : place;
  }

  elementOf(row) {
    return this.#items.get(row)?.element ?? null;
  }

  /** Return the row whose element contains `node`, or null. */
  rowAround(node) {
    const element = node?.closest?.("li");
    return (element && this.#rowOf.get(element)) ?? null;
  }

  /** The rows in the document. */
  drawnRows() {
    return this.#items.keys();
  }

  /** Measure the view. All windows measure before any of them writes, so that the browser lays out only once. */
  look() {
    const list = this.#list.getBoundingClientRect();
    const clip = this.#hasOwnScroll() ? this.#pane.getBoundingClientRect() : { top: 0, bottom: innerHeight };
    this.#view = { top: Math.max(clip.top, 0) - list.top, bottom: Math.min(clip.bottom, innerHeight) - list.top };
    this.#reshape(`${list.width} ${document.documentElement.dataset.density}`);
  }

  /** Update the document from the list; a new `stamp` draws every row again. */
  show({ shown, revision }, stamp) {
    if (this.#rows !== shown || this.#arrangedRevision !== revision || !this.#isArranged) {
      const anchor = this.#anchor();
      this.#rows = shown;
      this.#arrangedRevision = revision;
      this.#arrange();
      this.#follow(anchor);
    }
    this.#sync(stamp);
  }

  /** Start or end printing, which draws all rows up to a limit and measures none. */
  print(isPrinting) {
    this.#isPrinting = isPrinting;
  }

  /** Scroll so that a row is in view, and return its element. */
  reveal(index, stamp) {
    const [top, bottom] = [this.#offsets[index], this.#offsets[index + 1]];
    if (top < this.#view.top) this.#scrollBy(top - this.#view.top - GAP);
    else if (bottom > this.#view.bottom) this.#scrollBy(bottom - this.#view.bottom + GAP);
    this.look();
    this.#sync(stamp);
    return this.elementOf(this.rowAt(index));
  }

  /** Return the index of the row one page below (1) or above (-1) another. */
  aPageFrom(index, direction) {
    const page = Math.max(1, this.#view.bottom - this.#view.top - this.#estimate);
    return this.#indexAt(this.#offsets[index] + direction * page);
  }

  // Arranging ---------------------------------------------------------------------------------------------------------

  #arrange() {
    const count = this.#rows.length;
    this.#offsets = new Float64Array(count + 1);
    let offset = 0;
    for (let index = 0; index < count; index += 1) {
      const row = this.rowAt(index);
      if (index) offset += this.#joins(row, this.rowAt(index - 1)) ? GAP_WITHIN : GAP;
      this.#offsets[index] = offset;
      offset += row.height ?? this.#estimate;
    }
    this.#offsets[count] = offset;
    this.#isArranged = true;
    this.#list.style.height = `${offset}px`;
  }

  /** Whether the row has the same recorded chain as the one above it. */
  #joins(row, above) {
    return !this.#newestFirst && row.recordedChain !== null && row.recordedChain === above.recordedChain;
  }

  #indexAt(offset) {
    let [low, high] = [0, Math.max(0, this.#rows.length - 1)];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#offsets[middle] <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Rows that must not move on screen, best first: focused, pointed at, then those in view; with their positions. */
  #anchor() {
    const inView = ({ top, height }) => top + height > this.#view.top && top < this.#view.bottom;
    const candidates = [this.rowAround(document.activeElement), this.#pointedAt];
    const wanted = candidates.map((row) => this.#items.get(row)).filter((item) => item && inView(item));
    if (this.#view.top > 0) wanted.push(...[...this.#items.values()].filter(inView).sort((one, other) => one.top - other.top));
    return wanted.map(({ row, top }) => ({ row, top }));
  }

  #follow(anchors) {
    for (const { row, top } of anchors) {
      const index = this.indexOf(row);
      if (index < 0) continue;
      this.#scrollBy(this.#offsets[index] - top);
      return;
    }
  }

  #scrollBy(distance) {
    if (Math.abs(distance) < 1) return;
    const scroller = this.#hasOwnScroll() ? this.#pane : document.scrollingElement;
    const before = scroller.scrollTop;
    scroller.scrollTop = before + distance;
    const moved = scroller.scrollTop - before;
    this.#view = { top: this.#view.top + moved, bottom: this.#view.bottom + moved };
  }

  // Drawing -----------------------------------------------------------------------------------------------------------

  #sync(stamp) {
    const wanted = this.#wanted();
    for (const item of [...this.#items.values()]) if (!wanted.has(item.row)) this.#drop(item);
    let previous = null;
    for (const [row, index] of wanted) {
      const item = this.#inOrder(row, previous) ?? this.#make(row, previous);
      this.#place(item, index);
      if (item.revision !== row.revision || item.stamp !== stamp) {
        Object.assign(item, { revision: row.revision, stamp });
        this.#draw(row, item.element);
        this.#keepHeight(item);
      }
      previous = item.element;
    }
  }

  #inView() {
    const last = this.#view.bottom < -BEYOND ? -1 : this.#indexAt(this.#view.bottom + BEYOND);
    return [this.#indexAt(this.#view.top - BEYOND), last];
  }

  /** Return the row's item if its element is at the right place, else drop it so that it is made again. */
  #inOrder(row, previous) {
    const item = this.#items.get(row);
    if (!item || item.element.previousElementSibling === previous) return item;
    this.#drop(item);
    return null;
  }

  /** The rows that must be in the document, with their index, in order. */
  #wanted() {
    const wanted = new Map();
    const count = this.#rows.length;
    if (!count) return wanted;
    const [first, last] = this.#isPrinting ? [0, Math.min(count, MOST_PRINTED) - 1] : this.#inView();
    const kept = this.indexOf(this.rowAround(document.activeElement) ?? this.#rows[0]);
    const keepsFocus = this.#list.contains(document.activeElement) && kept >= 0;
    if (keepsFocus && kept < first) wanted.set(this.rowAt(kept), kept);
    for (let index = first; index <= last; index += 1) wanted.set(this.rowAt(index), index);
    if (keepsFocus && kept > last) wanted.set(this.rowAt(kept), kept);
    return wanted;
  }

  #make(row, previous) {
    const element = document.createElement("li");
    const item = { row, element, revision: -1, stamp: null, top: -1, height: row.height ?? this.#estimate };
    if (previous) previous.after(element);
    else this.#list.prepend(element);
    this.#rowOf.set(element, row);
    this.#items.set(row, item);
    this.#observer.observe(element);
    return item;
  }

  #drop({ row, element }) {
    this.#observer.unobserve(element);
    this.#items.delete(row);
    if (this.#pointedAt === row) this.#pointedAt = null;
    element.remove();
  }

  #place(item, index) {
    const { element } = item;
    this.#moveTo(item, this.#offsets[index]);
    setAttribute(element, "aria-posinset", index + 1);
    setAttribute(element, "aria-setsize", this.#rows.length);
    const isEntry = this.#current ? item.row === this.#current : index === 0;
    element.tabIndex = isEntry ? 0 : -1;
  }

  #moveTo(item, top) {
    if (item.top === top) return;
    item.top = top;
    item.element.style.top = `${top}px`;
  }

  /** A row never shrinks: a shorter text would move all rows below. */
  #keepHeight({ row, element }) {
    const height = row.height === null ? "" : `${row.height}px`;
    if (element.style.minHeight !== height) element.style.minHeight = height;
  }

  #focused(target) {
    const row = this.rowAround(target);
    if (!row) return;
    const before = this.elementOf(this.#current);
    if (before) before.tabIndex = -1;
    this.#current = row;
    this.elementOf(row).tabIndex = 0;
  }

  /** Forget the row that Tab returns to if it is gone. */
  checkCurrent() {
    if (this.#current && this.indexOf(this.#current) < 0) this.#current = null;
  }

  // Measuring ---------------------------------------------------------------------------------------------------------

  #measured(entries) {
    if (this.#isPrinting) return;
    let changed = false;
    for (const { target, borderBoxSize } of entries) {
      const item = this.#items.get(this.#rowOf.get(target));
      const height = borderBoxSize[0].blockSize;
      if (!item || !height || item.row.height === height) continue;
      if (item.row.height === null) this.#estimate = height;
      item.row.height = item.height = height;
      changed = true;
    }
    if (changed) this.#rearrange();
  }

  /** Move the elements before they are painted; missing rows come with the next frame. */
  #rearrange() {
    const anchor = this.#anchor();
    this.#arrange();
    this.#follow(anchor);
    for (const item of this.#items.values()) {
      const index = this.indexOf(item.row);
      if (index >= 0) this.#moveTo(item, this.#offsets[index]);
    }
    this.#onMeasured();
  }

  /** Measure again after a change of width or density. */
  #reshape(shape) {
    if (shape === this.#shape) return;
    this.#shape = shape;
    for (const row of this.#rows) row.height = null;
    for (const item of this.#items.values()) {
      item.element.style.minHeight = "";
      item.row.height = item.element.offsetHeight;
    }
    this.#isArranged = false;
  }
}

function setAttribute(element, name, value) {
  if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
}
