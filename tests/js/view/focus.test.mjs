import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { page } from "../browser.mjs";
import { Focus } from "../../../static/board/view/focus.js";

/** An element that takes the focus and belongs to a document until it is removed. */
function element() {
  const made = { isConnected: true, focus: () => (page.activeElement = made) };
  return made;
}

/** A window of rows, all of which exist; removed rows lose their element. */
class Rows {
  constructor(...names) {
    this.rows = names.map((name) => ({ name, element: element(), button: element() }));
  }

  get count() {
    return this.rows.length;
  }

  rowAround = (node) => this.rows.find(({ element, button }) => node === element || node === button) ?? null;
  indexOf = (row) => this.rows.indexOf(row);
  elementOf = (row) => (this.rows.includes(row) ? row.element : null);
  reveal = (index) => this.rows[index].element;

  take(name) {
    const [row] = this.rows.splice(this.rows.findIndex((each) => each.name === name), 1);
    row.element.isConnected = false;
    row.element = element();
    return row;
  }
}

let heading;
let [first, second] = [];
let focus;

beforeEach(() => {
  heading = element();
  [first, second] = [new Rows("a", "b", "c"), new Rows("x")];
  focus = new Focus([first, second], heading, () => 1);
  page.activeElement = null;
});

const focused = () => focus.row?.name ?? null;

test("the focused row is found in any section", () => {
  assert.equal(focused(), null);
  focus.to(second, 0);
  assert.equal(focused(), "x");
});

test("a move stays within the rows, and an empty section takes no focus", () => {
  assert.equal(focus.to(first, 99), true);
  assert.equal(focused(), "c");
  focus.to(first, -5);
  assert.equal(focused(), "a");
  assert.equal(focus.to(new Rows(), 0), false);
});

test("a step goes on from the focused row; from outside it goes to the first row there is", () => {
  const down = (window, index) => index + 1;
  focus.move(down);
  assert.equal(focused(), "a");
  focus.move(down);
  assert.equal(focused(), "b");
  first.rows = [];
  page.activeElement = null;
  assert.equal(focus.toFirst(), true);
  assert.equal(focused(), "x");
  second.rows = [];
  assert.equal(focus.toFirst(), false);
});

test("a row that moves to another section keeps the focus", () => {
  focus.to(first, 1);
  focus.keepWhile(() => second.rows.push(first.take("b")));
  assert.equal(focused(), "b");
});

test("when the focused row is gone its place has the focus, the last one where it was the last, else the heading", () => {
  focus.to(first, 1);
  focus.keepWhile(() => first.take("b"));
  assert.equal(focused(), "c");
  focus.keepWhile(() => first.take("c"));
  assert.equal(focused(), "a");
  focus.keepWhile(() => first.take("a"));
  assert.equal(page.activeElement, heading);
});

test("a focus that is outside the rows, or whose row stays, is left alone", () => {
  page.activeElement = heading;
  focus.keepWhile(() => first.take("a"));
  assert.equal(page.activeElement, heading);
  focus.to(first, 0);
  focus.keepWhile(() => first.take("c"));
  assert.equal(focused(), "b");
});

test("a button in a row that stays keeps the focus; when it is gone its row has it", () => {
  const [{ element, button }] = first.rows;
  button.focus();
  focus.keepWhile(() => first.take("c"));
  assert.equal(page.activeElement, button);
  focus.keepWhile(() => (button.isConnected = false));
  assert.equal(page.activeElement, element);
});
