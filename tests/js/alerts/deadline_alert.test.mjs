import assert from "node:assert/strict";
import { test } from "node:test";

import { ALERT_AHEAD, DeadlineAlert } from "../../../static/board/alerts/deadline_alert.js";

const NOON = Date.parse("2026-01-01T12:00:00Z");
const call = (key, seconds) => ({ key, deadline: new Date(NOON + seconds * 1000).toISOString() });

test("each call is due once, before its last safe moment", () => {
  const alert = new DeadlineAlert();
  alert.add(call("1", 15));
  assert.deepEqual(alert.due(NOON + 15_000 - 500 - ALERT_AHEAD - 1, 500), []);
  assert.deepEqual(alert.due(NOON + 15_000 - 500 - ALERT_AHEAD, 500), ["1"]);
  assert.deepEqual(alert.due(NOON + 20_000, 500), []);
});

test("calls are due in the order of their deadlines, whatever the order in which they came", () => {
  const alert = new DeadlineAlert();
  for (const each of [call("slow", 60), call("quick", 5), call("usual", 15)]) alert.add(each);
  assert.deepEqual(alert.due(NOON, 0), ["quick"]);
  assert.deepEqual(alert.due(NOON + 3_600_000, 0), ["usual", "slow"]);
});

test("a call without a deadline is never due", () => {
  const alert = new DeadlineAlert();
  alert.add({ key: "1", deadline: null });
  assert.deepEqual(alert.due(NOON, 0), []);
});
