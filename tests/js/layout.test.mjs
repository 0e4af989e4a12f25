import assert from "node:assert/strict";
import { test } from "node:test";

import { LayoutHold } from "../../static/board/layout.js";
import { ENDED, RINGING } from "../../static/board/sections.js";

function layout() {
  const panes = { [RINGING]: new EventTarget(), [ENDED]: new EventTarget() };
  const state = { now: 0, focused: null };
  const hold = new LayoutHold(panes, () => state.focused, () => state.now);
  const happen = (section, kind, pointerType = "mouse") => {
    panes[section].dispatchEvent(Object.assign(new Event(kind), { pointerType }));
  };
  return { hold, state, happen };
}

const row = (sequence, place = RINGING, belongs = place) => ({ sequence, place, belongs });

test("nothing is held while nobody is near", () => {
  assert.equal(layout().hold.holds(row(1)), false);
});

test("under a pointer no row of the list moves, until the pointer leaves or has rested too long", () => {
  const { hold, state, happen } = layout();
  happen(RINGING, "pointermove");
  assert.equal(hold.holds(row(1)), true);
  assert.equal(hold.holds(row(2, ENDED)), false);
  happen(RINGING, "pointerleave");
  assert.equal(hold.holds(row(1)), false);
  happen(RINGING, "pointermove");
  state.now = 60_000;
  assert.equal(hold.holds(row(1)), false);
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

test("nothing is put above the ended row that somebody points at", () => {
  const { hold, happen } = layout();
  happen(ENDED, "pointermove");
  assert.equal(hold.holds(row(1, RINGING, ENDED)), true);
  assert.equal(hold.holds(row(1, RINGING)), false);
});
