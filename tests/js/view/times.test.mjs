import assert from "node:assert/strict";
import { test } from "node:test";

import { timeWriter } from "../../../static/board/view/times.js";

test("a moment is written in the page's time zone, on a clock of 24 hours", () => {
  assert.equal(timeWriter("en", "Europe/Moscow")("2026-01-01T21:00:05Z"), "00:00:05");
  assert.equal(timeWriter("ru", "UTC")("2026-01-01T21:00:05Z"), "21:00:05");
});

test("a moment nobody told is told as that", () => {
  for (const moment of [null, undefined, "", "soon"]) assert.equal(timeWriter("en", "UTC")(moment), "a time not told");
});
