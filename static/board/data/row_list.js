/** The sorted rows of one section, and those of them that pass the filter. */

export class RowList {
  all = [];
  shown = [];
  /** Grows whenever the rows in `shown` change. */
  revision = 0;

  /** Insert a row by its sequence. */
  add(row) {
    insert(this.all, row);
    if (!row.passes) return;
    insert(this.shown, row);
    this.revision += 1;
  }

  /** Return the row after another in `all`; undefined after the last. */
  after(row) {
    return this.all[placeOf(this.all, row) + 1];
  }

  remove(row) {
    take(this.all, row);
    if (take(this.shown, row)) this.revision += 1;
  }

  /** Show or hide one row according to its `passes`. */
  review(row) {
    const place = placeOf(this.shown, row);
    const isShown = this.shown[place] === row;
    if (isShown === row.passes) return;
    this.shown.splice(place, isShown ? 1 : 0, ...(isShown ? [] : [row]));
    this.revision += 1;
  }

  /** Show or hide all rows, for a new filter. */
  reviewAll() {
    this.shown = this.all.filter((row) => row.passes);
    this.revision += 1;
  }

  clear() {
    this.all = [];
    this.reviewAll();
  }
}

/** Return the index of a row, or where it would be inserted; binary search by sequence. */
export function placeOf(rows, row) {
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle].sequence < row.sequence) low = middle + 1;
    else high = middle;
  }
  return low;
}

function insert(rows, row) {
  rows.splice(placeOf(rows, row), 0, row);
}

function take(rows, row) {
  const place = placeOf(rows, row);
  if (rows[place] !== row) return false;
  rows.splice(place, 1);
  return true;
}
