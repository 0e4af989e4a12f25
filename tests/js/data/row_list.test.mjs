import assert from "node:assert/strict";
import { test } from "node:test";

import { RowList } from "../../../static/board/data/row_list.js";

const row = (sequence, passes = true) => ({ sequence, passes });

test("rows append, and those that do not pass are not shown", () => {
  const list = new RowList();
  for (const each of [row(1), row(2, false), row(3)]) list.add(each);
  assert.deepEqual(list.all.map(({ sequence }) => sequence), [1, 2, 3]);
  assert.deepEqual(list.shown.map(({ sequence }) => sequence), [1, 3]);
});

test("a row is put where its sequence says", () => {
  const list = new RowList();
  for (const each of [row(1), row(2), row(1.5)]) list.add(each);
  assert.deepEqual(list.shown.map(({ sequence }) => sequence), [1, 1.5, 2]);
  assert.equal(list.after(list.all[0]).sequence, 1.5);
  assert.equal(list.after(list.all[2]), undefined);
});

test("a row that begins to pass comes to its place, not to the end", () => {
  const list = new RowList();
  const hidden = row(2, false);
  for (const each of [row(1), hidden, row(3)]) list.add(each);
  hidden.passes = true;
  list.review(hidden);
  assert.deepEqual(list.shown.map(({ sequence }) => sequence), [1, 2, 3]);
});

test("only what changes what is shown counts as a change", () => {
  const list = new RowList();
  const hidden = row(1, false);
  list.add(hidden);
  list.remove(hidden);
  assert.equal(list.revision, 0);
  const shown = row(2);
  list.add(shown);
  list.review(shown);
  assert.equal(list.revision, 1);
  list.remove(row(9));
  assert.equal(list.revision, 1);
});

test("whatever changes what is shown makes another revision, which never comes again", () => {
  const list = new RowList();
  const [first, second] = [row(1), row(2)];
  const revisions = [list.revision];
  const after = (change) => {
    change();
    revisions.push(list.revision);
  };
  after(() => list.add(first));
  after(() => list.add(second));
  after(() => {
    first.passes = false;
    list.review(first);
  });
  after(() => {
    first.passes = true;
    list.reviewAll();
  });
  after(() => list.remove(second));
  after(() => list.clear());
  assert.deepEqual(revisions, revisions.toSorted((one, other) => one - other));
  assert.equal(new Set(revisions).size, revisions.length);
});
