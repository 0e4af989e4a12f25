import assert from "node:assert/strict";
import { test } from "node:test";

import { sessionEnding } from "../../../static/board/data/session.js";

const ENDS = "2026-01-01T20:00:00Z";
const at = (time) => sessionEnding(ENDS, Date.parse(`2026-01-01T${time}Z`));

test("nothing is said while there is time, nor when the end is not known", () => {
  assert.equal(at("19:29:59"), null);
  assert.equal(sessionEnding(undefined, 0), null);
});

test("half an hour before the end it is told, in minutes begun", () => {
  assert.deepEqual(at("19:30:00"), { ended: false, minutes: 30 });
  assert.deepEqual(at("19:58:30"), { ended: false, minutes: 2 });
  assert.deepEqual(at("19:59:59"), { ended: false, minutes: 1 });
});

test("past the end it says so", () => {
  assert.deepEqual(at("20:00:00"), { ended: true, minutes: 0 });
  assert.deepEqual(at("23:00:00"), { ended: true, minutes: 0 });
});
