import assert from "node:assert/strict";
import { test } from "node:test";

import { LayoutHold } from "../../../static/board/view/layout_hold.js";
import { ENDED, RINGING } from "../../../static/board/data/sections.js";

function layout() {
  const panes = { [RINGING]: new EventTarget(), [ENDED]: new EventTarget() };
  const state = { now: 0, focused: null, pointed: null, pointedAt: () => state.pointed };
  const hold = new LayoutHold(panes, state, () => state.now);
  const happen = (section, kind, pointerType = "mouse") => {
    panes[section].dispatchEvent(Object.assign(new Event(kind), { pointerType }));
  };
  return { hold, state, happen };
}

const row = (sequence, place = RINGING, belongs = place) => ({ sequence, place, belongs });

test("nothing is held while nobody is near", () => {
  assert.equal(layout().hold.holds(row(1)), false);
});

test("under a mouse that moves no row of the list moves, until it leaves or rests", () => {
  const { hold, state, happen } = layout();
  happen(RINGING, "pointermove");
  assert.equal(hold.holds(row(1)), true);
  assert.equal(hold.holds(row(2, ENDED)), false);
  happen(RINGING, "pointerleave");
  assert.equal(hold.holds(row(1)), false);
  happen(RINGING, "pointermove");
  state.now = 3000;
  assert.equal(hold.holds(row(1)), false);
});

test("a mouse that rests keeps the call it points at and the rows above it, while that call can be decided", () => {
  const { hold, state, happen } = layout();
  state.pointed = row(5);
  happen(RINGING, "pointermove");
  state.now = 14_000;
  assert.equal(hold.holds(state.pointed), true);
  assert.equal(hold.holds(row(4, RINGING, ENDED)), true);
  assert.equal(hold.holds(row(6, RINGING, ENDED)), false);
  state.pointed = row(5, RINGING, ENDED);
  assert.equal(hold.holds(state.pointed), false);
  assert.equal(hold.holds(row(4, RINGING, ENDED)), false);
});

test("a finger that has tapped holds for a moment", () => {
  const { hold, state, happen } = layout();
  happen(RINGING, "pointerdown", "touch");
  happen(RINGING, "pointerleave", "touch");
  assert.equal(hold.holds(row(1)), true);
  state.now = 2000;
  assert.equal(hold.holds(row(1)), false);
});

test("the focused row stays, and so do the rows whose leaving would move it", () => {
  const { hold, state, happen } = layout();
  state.focused = row(5);
  happen(RINGING, "focusin");
  assert.equal(hold.holds(state.focused), true);
  assert.equal(hold.holds(row(4)), true);
  assert.equal(hold.holds(row(6)), false);
  happen(RINGING, "focusout");
  assert.equal(hold.holds(row(4)), false);
});

test("a press leaves the focus behind, which holds no longer than the press; keys hold again", () => {
  const { hold, state, happen } = layout();
  state.focused = row(5);
  happen(RINGING, "pointerdown");
  happen(RINGING, "focusin");
  state.now = 3000;
  assert.equal(hold.holds(state.focused), false);
  happen(RINGING, "keydown");
  state.now = 3000 + 59_000;
  assert.equal(hold.holds(state.focused), true);
});

test("nothing is put above the ended row that somebody points at", () => {
  const { hold, happen } = layout();
  happen(ENDED, "pointermove");
  assert.equal(hold.holds(row(1, RINGING, ENDED)), true);
  assert.equal(hold.holds(row(1, RINGING)), false);
});

test("a mouse that comes holds at once and for three seconds, a finger for two, a focus for a minute", () => {
  const last = { mouse: 2999, touch: 1999 };
  for (const [pointerType, held] of Object.entries(last)) {
    const { hold, state, happen } = layout();
    happen(RINGING, "pointerenter", pointerType);
    state.now = held;
    assert.equal(hold.holds(row(1)), true, pointerType);
    state.now = held + 1;
    assert.equal(hold.holds(row(1)), false, pointerType);
  }
  const { hold, state, happen } = layout();
  state.focused = row(5);
  happen(RINGING, "focusin");
  state.now = 59_999;
  assert.equal(hold.holds(row(4)), true);
  state.now = 60_000;
  assert.equal(hold.holds(row(4)), false);
});

test("somebody who presses into a field and types stays there", () => {
  const { hold, state } = layout();
  const pane = new EventTarget();
  const typing = new LayoutHold({ [RINGING]: pane }, state, () => state.now);
  state.focused = row(5);
  pane.dispatchEvent(Object.assign(new Event("pointerdown"), { pointerType: "mouse" }));
  pane.matches = (selector) => selector.includes("input");
  pane.dispatchEvent(new Event("focusin"));
  state.now = 59_999;
  assert.equal(typing.holds(state.focused), true);
  assert.equal(hold.holds(state.focused), false);
});

test("among the ended ones, of which the newest is first, the rows above are those that came later", () => {
  const { hold, state, happen } = layout();
  state.focused = row(5, ENDED);
  happen(ENDED, "focusin");
  assert.equal(hold.holds(row(6, ENDED)), true);
  assert.equal(hold.holds(row(4, ENDED)), false);
});

test("a row that has ended and rests in its place enters nowhere, and one that rings again does not enter above", () => {
  const { hold, happen } = layout();
  happen(ENDED, "focusin");
  assert.equal(hold.holds(row(1, ENDED, RINGING)), false);
  assert.equal(hold.holds(row(1, "progress", ENDED)), true);
});
