import assert from "node:assert/strict";
import { test } from "node:test";

import { markupOf, textOf } from "../browser.mjs";
import { STATES } from "../../../static/board/data/feed.js";
import { blank, bulk, count, leftOut, none, nothingMatches } from "../../../static/board/view/section_header.js";

const view = { mayReject: true, selection: { size: 0 }, actions: {}, bulkResult: null, ringingShown: 2 };
const drawn = (more) => textOf(bulk({ ...view, ...more }));

test("a section counts its rows, and those shown of all while a filter hides some", () => {
  assert.equal(textOf(count({ shown: [], all: [] })), "");
  assert.equal(textOf(count({ shown: [1, 2], all: [1, 2] })), "2");
  assert.equal(textOf(count({ shown: [], all: [1, 2] })), "0 / 2");
});

test("whoever may not reject is offered nothing on several rows", () => {
  assert.equal(drawn({ mayReject: false, selection: { size: 2 }, bulkResult: { asked: 1, rejected: 1 } }), "");
});

test("all can be selected while something rings", () => {
  assert.equal(drawn({}), "Select all");
  assert.match(markupOf(bulk(view)), /\?disabled=false/);
  assert.match(markupOf(bulk({ ...view, ringingShown: 0 })), /\?disabled=true/);
});

test("what is selected can be rejected, which outweighs the last result", () => {
  const text = drawn({ selection: { size: 2 }, bulkResult: { asked: 1, rejected: 1 } });
  assert.match(text, /^2 selected Reject 1 Reject: busy 2 Reject: forbidden 3 Unselect$/);
});

test("a result under way cannot be closed, one that is in can, with the names of those not rejected", () => {
  const refused = [{ call: { source: { name: "Ada" } } }, { call: { source: null } }];
  assert.equal(drawn({ bulkResult: { asked: 3, isSending: true } }), "Rejecting 3 calls…");
  assert.equal(drawn({ bulkResult: { asked: 3, rejected: 3, refused: [] } }), "3 of 3 rejected. Close");
  assert.equal(drawn({ bulkResult: { asked: 3, rejected: 1, refused } }), "1 of 3 rejected. Not: Ada, Unknown caller Close");
});

test("a result has the icon of how it went", () => {
  const icon = (bulkResult) => /#([\w-]+)/.exec(markupOf(bulk({ ...view, bulkResult })))[1];
  assert.equal(icon({ asked: 1, isSending: true }), "hourglass-split");
  assert.equal(icon({ asked: 1, rejected: 1, refused: [] }), "check-circle-fill");
  assert.equal(icon({ asked: 1, rejected: 0, refused: [{ call: {} }] }), "x-octagon-fill");
});

test("an empty list is calm only while the feed is live and a snapshot came", () => {
  const text = (known, state) => textOf(blank({ known, state }));
  assert.match(text(true, STATES.LIVE), /^Nothing is ringing/);
  assert.match(text(false, STATES.CONNECTING), /^Loading the calls…/);
  for (const state of [STATES.LATE, STATES.LOST, STATES.SIGNED_OUT]) assert.match(text(true, state), /cannot be told/);
  assert.match(text(false, STATES.LIVE), /cannot be told/);
});

test("the other sections say that they are empty only when that is known", () => {
  assert.equal(textOf(none({ known: true, state: STATES.LIVE }, "No call is in progress.")), "No call is in progress.");
  assert.equal(textOf(none({ known: true, state: STATES.LOST }, "No call is in progress.")), "Cannot be told.");
  assert.equal(textOf(nothingMatches()), "Nothing here passes your filter.");
  assert.match(textOf(leftOut(500, 700)), /^Only the first 500 of 700 are printed/);
});
