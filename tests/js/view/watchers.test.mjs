import assert from "node:assert/strict";
import { test } from "node:test";

import { watchersInWords } from "../../../static/board/view/watchers.js";

const told = (connected, visible, mayReject = true) => watchersInWords({ connected, visible }, { mayReject });

test("nothing is said before anything was told", () => {
  assert.equal(watchersInWords(null, { mayReject: true }), null);
});

test("several with the board in view are no reason to warn", () => {
  assert.deepEqual(told(3, 3), { text: "3 supervisors are watching", more: "", isWarning: false });
});

test("somebody alone is told so; a viewer is told of the one supervisor", () => {
  assert.equal(told(1, 1).text, "Only you are watching");
  assert.equal(told(1, 1, false).text, "1 supervisor is watching");
  assert.equal(told(1, 1).isWarning, true);
});

test("nobody there, and nobody looking, are warnings", () => {
  assert.equal(told(0, 0, false).isWarning, true);
  assert.equal(told(2, 0).more, "Nobody has the board in view.");
  assert.equal(told(2, 0).isWarning, true);
  assert.equal(told(3, 1).more, "1 has the board in view.");
});
