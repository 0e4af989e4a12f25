import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { page as browserPage, Socket, view } from "../browser.mjs";
import { Actions } from "../../../static/board/actions/actions.js";
import { Decisions } from "../../../static/board/actions/decisions.js";
import { Keyboard } from "../../../static/board/actions/keyboard.js";
import { bindKeys } from "../../../static/board/actions/shortcuts.js";
import { Live } from "../../../static/board/data/live.js";

globalThis.CSS = { escape: (text) => text };

const PAGE = { mayReject: true, me: "anna", csrfCookie: "csrftoken", bulkUrl: "/api/calls/reject/", callUrl: (key) => `/calls/${key}/` };
const call = (key, more = {}) => ({ key, version: 1, state: "incoming", direction: "incoming", received_at: `2026-01-01T12:00:0${key}Z`, ...more });
const ended = (key) => call(key, { version: 2, state: "terminated", ended_at: "2026-01-01T12:00:09Z" });

let now;
let requests;
/** Elements of the page by selector, each of which keeps what was done to it. */
let elements;

beforeEach(() => {
  mock.reset();
  now = 5000;
  mock.method(performance, "now", () => now);
  requests = [];
  elements = {};
  browserPage.querySelector = (selector) => {
    const done = (elements[selector] ??= []);
    return { focus: () => done.push("focus"), select: () => done.push("select") };
  };
  view.location.search = "";
  view.location.assign = (address) => (view.location.gone = address);
  globalThis.fetch = async (url, { body }) => {
    requests.push([url, JSON.parse(body).reason]);
    return new Response("{}", { status: 200 });
  };
});

/** Rows of ten, all drawn, a page of which has five; the focus is the index of a row, or null. */
class FocusOfTen {
  constructor(live) {
    this.live = live;
    this.index = null;
  }

  get row() {
    const { shown } = this.live.store.list("ringing");
    return this.index === null ? null : (shown[this.index] ?? this.live.store.list("ended").shown[0]);
  }

  toFirst() {
    this.index = 0;
    return true;
  }

  move(step) {
    this.index = this.index === null ? 0 : step({ count: 10, aPageFrom: (index, direction) => index + 5 * direction }, this.index);
    return true;
  }
}

function board(calls, { mayReject = true } = {}) {
  const page = { ...PAGE, mayReject };
  const live = new Live("ws://board/");
  const decisions = new Decisions(live, page);
  const actions = new Actions(live, decisions, page);
  const focus = new FocusOfTen(live);
  const keyboard = new Keyboard({ addEventListener() {} }, { now: () => now });
  const boardView = { focus, drawNow: () => (elements.drawn = Object.keys(elements).length === 0) };
  bindKeys(keyboard, { actions, boardView, decisions, page });
  live.feed.start();
  Socket.made.at(-1).deliver({ type: "snapshot", revision: 1, calls });
  now += 1000;
  const press = (key) => {
    let isTaken = false;
    keyboard.press({ key, target: { closest: () => null }, preventDefault: () => (isTaken = true) });
    return isTaken;
  };
  return { live, actions, focus, press, rowOf: (key) => live.store.get(key).row };
}

const three = () => ["1", "2", "3"].map((key) => call(key));
const selected = ({ selection }) => selection.rows.map((row) => row.call.key);

test("each digit rejects the focused row with its reason, and p lets it pass", () => {
  for (const [key, request] of [["1", "none"], ["2", "busy"], ["3", "forbidden"], ["p", undefined]]) {
    requests = [];
    const { focus, press } = board(three());
    focus.index = 1;
    press(key);
    assert.deepEqual(requests, [[`/calls/2/${request ? "reject" : "pass"}/`, request]]);
  }
});

test("what is selected is rejected instead of the focused row", () => {
  const { actions, focus, press, rowOf } = board(three());
  actions.select(rowOf("3"));
  focus.index = 0;
  press("2");
  assert.deepEqual(requests, [["/api/calls/reject/", "busy"]]);
});

test("where it is not clear what to decide on, the first row gets the focus and nothing is sent", () => {
  for (const key of ["2", "p"]) {
    const { focus, press } = board(three());
    press(key);
    assert.equal(focus.index, 0);
  }
  const decided = call("2", { decision: { outcome: "accepted" } });
  const { focus, press } = board([call("1"), decided]);
  focus.index = 1;
  press("2");
  assert.equal(focus.index, 1);
  assert.deepEqual(requests, []);
});

test("the key that only brought the focus decides when it is pressed again", () => {
  const { press } = board(three());
  press("2");
  press("2");
  assert.deepEqual(requests, [["/calls/1/reject/", "busy"]]);
});

test("the focused row is selected, opened, and its page opened", () => {
  const { actions, focus, press, rowOf } = board(three());
  focus.index = 1;
  assert.deepEqual(["x", "e", "o"].map(press), [true, true, true]);
  assert.deepEqual(selected(actions), ["2"]);
  assert.equal(rowOf("2").isOpened, true);
  assert.equal(view.location.gone, "/calls/2/");
});

test("without a focused row these keys are left to the browser", () => {
  const { actions, press } = board(three());
  assert.deepEqual(["x", "n", "e", "o"].map(press), [false, false, false, false]);
  assert.deepEqual(selected(actions), []);
});

test("a note field is drawn before it gets the focus", () => {
  const { actions, focus, press } = board([ended("7")]);
  focus.index = 0;
  assert.equal(press("n"), true);
  assert.equal(actions.notes.draftOn("7"), "");
  assert.deepEqual(elements, { drawn: true, '[data-key="7"] .call-noting input': ["focus"] });
});

test("whoever may not reject selects nothing and writes no note", () => {
  const { actions, focus, press } = board([ended("7"), ...three()], { mayReject: false });
  focus.index = 0;
  for (const key of ["x", "a"]) press(key);
  focus.index = 9;
  press("n");
  assert.deepEqual([selected(actions), actions.notes.draftOn("7"), elements], [[], null, {}]);
});

test("everything is selected and unselected; Escape is left to the browser where nothing is selected", () => {
  const { actions, press } = board(three());
  press("a");
  assert.deepEqual(selected(actions), ["1", "2", "3"]);
  assert.deepEqual([press("Escape"), press("Escape")], [true, false]);
  assert.deepEqual(selected(actions), []);
});

test("a filter is taken away whole", () => {
  const { actions, live, press } = board(three());
  actions.filterBy({ text: "nobody", section: "ended", state: "hold", direction: "outgoing", tenant: "t", target: "b" });
  press("0");
  assert.deepEqual(new Set(Object.values(actions.filter)), new Set([""]));
  assert.equal(live.store.list("ringing").shown.length, 3);
});

test("keys that move go on from the focused row", () => {
  const moves = { j: 5, k: 3, ArrowDown: 5, ArrowUp: 3, PageDown: 9, PageUp: -1, Home: 0, End: 9 };
  for (const [key, index] of Object.entries(moves)) {
    const { focus, press } = board(Array.from({ length: 10 }, (_, each) => call(String(each))));
    focus.index = 4;
    assert.equal(press(key), true);
    assert.equal(focus.index, index, key);
  }
});

test("a page that is shorter than a row still moves by one", () => {
  const { focus, press } = board(three());
  focus.move = (step) => (focus.index = step({ count: 10, aPageFrom: (index) => index }, focus.index));
  focus.index = 1;
  press("PageDown");
  assert.equal(focus.index, 2);
  press("PageUp");
  assert.equal(focus.index, 1);
});

test("without a focused row j and k go to the rows, and the other keys scroll the page", () => {
  const { focus, press } = board(three());
  assert.deepEqual(["PageDown", "PageUp", "Home", "End"].map(press), [false, false, false, false]);
  assert.equal(focus.index, null);
  assert.equal(press("j"), true);
  assert.equal(focus.index, 0);
});

test("the slash goes to the search field and selects what is in it; whoever leaves it comes to the first row", () => {
  const { actions, focus, press } = board(three());
  press("/");
  assert.deepEqual(elements, { "#finder input": ["focus", "select"] });
  actions.view.actions.leaveFinder({ preventDefault() {} });
  assert.equal(focus.index, 0);
});
