import assert from "node:assert/strict";
import { test } from "node:test";

import { markupOf, textOf } from "../browser.mjs";
import { wallHint, watchControls, watchers } from "../../../static/board/view/status_bar.js";

const CHOICES = { sound: true, notices: true };
const watching = { isOn: true, sound: "ready", notices: "granted", isAwake: true, isRinging: false };
const controls = (state = {}, choices = {}) => watchControls({ ...watching, ...state }, { ...CHOICES, ...choices }, {});

test("before somebody watches the page says that it is silent, and offers to watch", () => {
  assert.equal(textOf(controls({ isOn: false })), "Calls ring silently here. Start watching");
});

test("while somebody watches each thing that was asked for says whether it was given", () => {
  assert.equal(textOf(controls()), "Sound on Notices on Screen stays on Stop watching");
  assert.equal(textOf(controls({ sound: "blocked", notices: "denied", isAwake: false })), "Sound blocked No notices Screen may sleep Stop watching");
  assert.equal(textOf(controls({}, { sound: false, notices: false })), "Sound off Notices off Screen stays on Stop watching");
});

test("what was given is good, what the browser blocks is bad, what is missing is a doubt, what was not wanted has no tone", () => {
  const tones = (...about) => [...markupOf(controls(...about)).matchAll(/class="chip ([\w-]*)"/g)].map(([, tone]) => tone);
  assert.deepEqual(tones(), ["chip-good", "chip-good", "chip-good"]);
  assert.deepEqual(tones({ sound: "blocked", notices: "default", isAwake: false }), ["chip-bad", "chip-doubt", "chip-doubt"]);
  assert.deepEqual(tones({}, { sound: false, notices: false }).slice(0, 2), ["", ""]);
});

test("a wall says how to turn its sound on, while it is wanted and blocked", () => {
  const hint = (state, sound) => textOf(wallHint({ ...watching, ...state }, { sound }));
  assert.match(hint({ sound: "blocked" }, true), /Press any key/);
  assert.equal(hint({ sound: "blocked" }, false), "");
  assert.equal(hint({ sound: "ready" }, true), "");
});

test("who watches is told in words, and stands out when nobody else does", () => {
  const told = (connected, visible) => markupOf(watchers({ connected, visible }, { mayReject: true }));
  assert.equal(textOf(watchers(null, { mayReject: true })), "");
  assert.match(told(1, 1), /watchers-warning.*Only you are watching/s);
  assert.doesNotMatch(told(3, 3), /watchers-warning/);
});
