import assert from "node:assert/strict";
import { test } from "node:test";

import { Selection } from "../../../static/board/actions/selection.js";

const rows = ["a", "b", "c", "d"].map((name) => ({ name, revision: 0, touch() { this.revision += 1; } }));
const [a, b, c, d] = rows;
const names = (selection) => selection.rows.map(({ name }) => name);

test("a row is selected and unselected, and drawn again each time", () => {
  const selection = new Selection();
  selection.toggle(a);
  assert.deepEqual(names(selection), ["a"]);
  selection.toggle(a);
  assert.equal(selection.size, 0);
  assert.equal(a.revision, 2);
});

test("a range goes from the row selected last, in either direction", () => {
  const selection = new Selection();
  selection.toggle(c);
  selection.extend(a, rows);
  assert.deepEqual(names(selection).sort(), ["a", "b", "c"]);
  const upwards = new Selection();
  upwards.toggle(b);
  upwards.extend(d, rows);
  assert.deepEqual(names(upwards).sort(), ["b", "c", "d"]);
});

test("rows that can no longer be rejected drop out", () => {
  const selection = new Selection();
  for (const row of [a, b]) selection.toggle(row, true);
  selection.keep((row) => row === b);
  assert.deepEqual(names(selection), ["b"]);
  selection.keep();
  assert.equal(selection.size, 0);
});

test("a range without a beginning is one row", () => {
  const selection = new Selection();
  selection.extend(c, rows);
  assert.deepEqual(names(selection), ["c"]);
  selection.toggle({ ...a, touch() {} }, true); // a row that is no longer in the list
  selection.extend(a, [a, b]);
  assert.ok(!selection.has(b));
});

test("the next range begins where the last one ended, unless that row dropped out", () => {
  const selection = new Selection();
  selection.toggle(a);
  selection.extend(b, rows);
  selection.keep((row) => row === b);
  selection.extend(d, rows);
  assert.deepEqual(names(selection).sort(), ["b", "c", "d"]);
  selection.keep();
  selection.extend(a, rows);
  assert.deepEqual(names(selection), ["a"]);
});

test("after a range backwards the next one begins at its upper end", () => {
  const selection = new Selection();
  selection.toggle(d);
  selection.extend(c, rows);
  selection.keep((row) => row === c);
  selection.extend(a, rows);
  assert.deepEqual(names(selection).sort(), ["a", "b", "c"]);
});
