/** The ringing rows selected for a bulk rejection. */

export class Selection {
  #rows = new Set();
  /** The row selected or unselected last; a range begins there. */
  #last = null;

  get size() {
    return this.#rows.size;
  }

  get rows() {
    return [...this.#rows];
  }

  has(row) {
    return this.#rows.has(row);
  }

  /** Select or unselect a row. */
  toggle(row, isSelected = !this.has(row)) {
    if (isSelected) this.#rows.add(row);
    else this.#rows.delete(row);
    this.#last = row;
    row.touch();
  }

  /** Select everything between the row toggled last and this one, both included, in the order of `rows`. */
  extend(row, rows) {
    const from = rows.indexOf(this.#last);
    const to = rows.indexOf(row);
    const between = from < 0 || to < 0 ? [row] : rows.slice(Math.min(from, to), Math.max(from, to) + 1);
    for (const each of between) this.toggle(each, true);
    this.#last = row;
  }

  /** Unselect every row for which `keeps(row)` is false; by default all rows. */
  keep(keeps = () => false) {
    for (const row of this.#rows) if (!keeps(row)) this.#drop(row);
    if (this.#last && !keeps(this.#last)) this.#last = null;
  }

  #drop(row) {
    this.#rows.delete(row);
    row.touch();
  }
}
