import assert from "node:assert/strict";
import { test } from "node:test";

import { markupOf, textOf } from "../browser.mjs";
import { Attempts } from "../../../static/board/data/attempts.js";
import { Notes } from "../../../static/board/actions/notes.js";
import { noteOn, takesNote } from "../../../static/board/view/note_row.js";
import { ENDED, PROGRESS, RINGING } from "../../../static/board/data/sections.js";

const record = (belongs, decision = null) => ({ call: { key: "1", decision, source: { name: "Ada" } }, belongs });
const decided = (by, more = {}) => ({ outcome: "accepted", by, ...more });

/** What rows are drawn with for anna, who may reject, and what this page was answered. */
function viewOf({ mayReject = true, rejected = null, noted = null } = {}) {
  const decisions = { attempts: new Attempts(), notes: new Attempts() };
  for (const [attempts, answer] of [[decisions.attempts, rejected], [decisions.notes, noted]]) {
    if (!answer) continue;
    attempts.begin("1", null);
    if (answer.status !== undefined) attempts.settle("1", { body: {}, ...answer });
  }
  return { mayReject, me: "anna", decisions, notes: new Notes(), actions: {} };
}

test("a note is taken from whoever decided, and from nobody else who could have", () => {
  for (const belongs of [RINGING, PROGRESS, ENDED]) {
    assert.equal(takesNote(record(belongs, decided("anna")), viewOf()), true);
    assert.equal(takesNote(record(belongs, decided("boris")), viewOf()), false);
  }
});

test("on a call nobody decided everybody who could have takes a note once it rings no more", () => {
  assert.equal(takesNote(record(RINGING), viewOf()), false);
  assert.equal(takesNote(record(PROGRESS), viewOf()), true);
  assert.equal(takesNote(record(ENDED, { outcome: "refused", by: "boris" }), viewOf()), true);
  assert.equal(takesNote(record(RINGING, { outcome: "refused", by: "anna" }), viewOf()), false);
});

test("while it rings a note is taken as soon as this page was told that Graph accepted", () => {
  assert.equal(takesNote(record(RINGING), viewOf({ rejected: { status: 202 } })), true);
  assert.equal(takesNote(record(RINGING), viewOf({ rejected: { status: 502 } })), false);
  assert.equal(takesNote(record(RINGING), viewOf({ rejected: {} })), false);
});

test("whoever may not reject writes no note, and reads the one there is", () => {
  const view = viewOf({ mayReject: false });
  assert.equal(takesNote(record(ENDED, decided("anna")), view), false);
  assert.equal(textOf(noteOn(record(ENDED, decided("anna", { note: "Spam" })), view)), "“Spam”");
  assert.equal(textOf(noteOn(record(ENDED), view)), "");
});

test("a note is offered, or a change of it; what was saved last outweighs what the call says", () => {
  const offer = (note, view = viewOf()) => textOf(noteOn(record(ENDED, decided("anna", { note })), view));
  assert.equal(offer(undefined), "Add a note");
  assert.equal(offer("Spam"), "“Spam” Change the note");
  assert.equal(offer("Spam", viewOf({ noted: { status: 200, body: { note: "A wrong number" } } })), "“A wrong number” Change the note");
});

test("the field says when a note was not recorded, in the server's words where there are any", () => {
  const field = (noted) => {
    const view = viewOf({ noted });
    view.notes.write("1", "Why");
    return noteOn(record(ENDED), view);
  };
  assert.equal(textOf(field(null)), "Save");
  assert.equal(textOf(field({ status: 200 })), "Save");
  assert.equal(textOf(field({})), "Save");
  assert.match(markupOf(field({})), /\?disabled=true/);
  assert.equal(textOf(field({ status: 0 })), "Save The note was not recorded. Try again.");
  assert.equal(textOf(field({ status: 422, body: { message: "Too long." } })), "Save Too long.");
});
