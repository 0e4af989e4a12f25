import assert from "node:assert/strict";
import { test } from "node:test";

import { actOf, BETWEEN_DECISIONS, Keyboard, KEYS } from "../../static/board/keys.js";

const inPage = { closest: () => null };
const inField = { closest: () => ({}) };

function press(key, more = {}) {
  return { key, target: inPage, preventDefault() {}, ...more };
}

function keyboard({ areOn = () => true } = {}) {
  const clock = { now: 0 };
  const made = new Keyboard({ addEventListener() {} }, { areOn, now: () => clock.now });
  const done = [];
  for (const act of ["reject-busy", "next", "select"]) made.on(act, () => void done.push(act));
  return { clock, done, press: (...about) => made.press(press(...about)) };
}

test("no key does two things", () => {
  const keys = KEYS.flatMap(({ keys: group }) => group).flatMap(({ keys: each }) => each);
  assert.equal(new Set(keys).size, keys.length);
});

test("every key is explained", () => {
  for (const { title, keys } of KEYS) assert.ok(title() && keys.every(({ words }) => words()));
});

test("a key means the same on a keyboard that types other letters", () => {
  assert.equal(actOf({ key: "ч", code: "KeyX" }, true), "select");
  assert.equal(actOf({ key: ".", code: "Slash" }, true), "find");
  assert.equal(actOf({ key: ",", code: "Slash", shiftKey: true }, true), "sheet");
  assert.equal(actOf({ key: "é", code: "Digit2" }, true), "reject-busy");
});

test("keys with Ctrl, Alt or Meta belong to the browser", () => {
  for (const held of ["ctrlKey", "altKey", "metaKey"]) assert.equal(actOf({ key: "2", [held]: true }, true), null);
});

test("single keys can be switched off, and keys that move still move", () => {
  const { done, press } = keyboard({ areOn: () => false });
  press("2");
  press("j");
  press("ArrowDown");
  assert.deepEqual(done, ["next"]);
});

test("what is typed into a field decides nothing", () => {
  const { done, press } = keyboard();
  press("2", { target: inField });
  assert.deepEqual(done, []);
});

test("a key that is held decides once", () => {
  const { clock, done, press } = keyboard();
  press("2");
  for (let time = 0; time < 5000; time += 30) {
    clock.now += 30;
    press("2", { repeat: true });
  }
  assert.deepEqual(done, ["reject-busy"]);
});

test("a keyboard that repeats without saying so decides not faster than a person looks", () => {
  const { clock, done, press } = keyboard();
  press("2");
  clock.now += BETWEEN_DECISIONS - 1;
  press("2");
  assert.equal(done.length, 1);
  clock.now += 1;
  press("2");
  assert.equal(done.length, 2);
});
