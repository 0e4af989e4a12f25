import assert from "node:assert/strict";
import { test } from "node:test";

import { kindInWords, modalityInWords, nameOf, stateInWords, targetsInWords } from "../../../static/board/view/parties.js";

test("a party is told by its name, else its id, else as unknown", () => {
  assert.equal(nameOf({ name: "Ada", id: "ada" }), "Ada");
  assert.equal(nameOf({ name: "", id: "ada" }), "ada");
  assert.deepEqual([nameOf({}), nameOf(null), nameOf(undefined)], Array(3).fill("Unknown caller"));
});

test("targets are told in order, without those that nobody named", () => {
  assert.equal(targetsInWords([{ name: "Desk", id: "bot" }, null, {}, { id: "ivr" }]), "Desk, ivr");
  assert.deepEqual([targetsInWords(null), targetsInWords([])], ["", ""]);
});

test("Graph's words are told in ours, and those nobody knows as they are", () => {
  assert.deepEqual(["phone", "encrypted", "robot", undefined].map(kindInWords), ["phone", "identity withheld", "robot", ""]);
  assert.deepEqual(["videoBasedScreenSharing", "smell"].map(modalityInWords), ["screen sharing", "smell"]);
  assert.deepEqual(["hold", "parked", "", null].map(stateInWords), ["on hold", "parked", "state not told", "state not told"]);
});
