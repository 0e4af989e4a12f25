import assert from "node:assert/strict";
import { test } from "node:test";

import { actionOf, BETWEEN_DECISIONS, Keyboard } from "../../../static/board/actions/keyboard.js";
import { keyFor, KEYS } from "../../../static/board/view/keys.js";

const inPage = { closest: () => null };
const inField = { closest: () => ({}) };

function press(key, more = {}) {
  return { key, target: inPage, preventDefault() {}, ...more };
}

const DECIDING = { 1: "reject-none", 2: "reject-busy", 3: "reject-forbidden", p: "pass" };

function keyboard({ areOn = () => true, answer = undefined } = {}) {
  const clock = { now: 5000 };
  const made = new Keyboard({ addEventListener() {} }, { areOn, now: () => clock.now });
  const done = [];
  for (const action of [...Object.values(DECIDING), "next", "select"]) {
    made.on(action, () => {
      done.push(action);
      return answer;
    });
  }
  return { clock, done, press: (...about) => made.press(press(...about)) };
}

/** Press a key and return whether the browser was kept from doing anything with it. */
function isTaken({ press }, key, more = {}) {
  let taken = false;
  press(key, { preventDefault: () => (taken = true), ...more });
  return taken;
}

test("no key does two things", () => {
  const keys = KEYS.flatMap(({ keys: group }) => group).flatMap(({ keys: each }) => each);
  assert.equal(new Set(keys).size, keys.length);
});

test("every key is explained", () => {
  for (const { title, keys } of KEYS) assert.ok(title() && keys.every(({ words }) => words()));
});

test("a key means the same on a keyboard that types other letters", () => {
  assert.equal(actionOf({ key: "ч", code: "KeyX" }, true), "select");
  assert.equal(actionOf({ key: ".", code: "Slash" }, true), "find");
  assert.equal(actionOf({ key: ",", code: "Slash", shiftKey: true }, true), "key-help");
  assert.equal(actionOf({ key: "é", code: "Digit2" }, true), "reject-busy");
});

test("keys with Ctrl, Alt or Meta belong to the browser", () => {
  for (const held of ["ctrlKey", "altKey", "metaKey"]) assert.equal(actionOf({ key: "2", [held]: true }, true), null);
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

test("each key that decides counts again only after a while, and one does not hold up the other", () => {
  for (const [key, action] of Object.entries(DECIDING)) {
    const { clock, done, press } = keyboard();
    press(key);
    press(key, { repeat: true });
    clock.now += BETWEEN_DECISIONS - 1;
    press(key);
    assert.deepEqual(done, [action]);
  }
  const { done, press } = keyboard();
  press("1");
  press("2");
  assert.deepEqual(done, ["reject-none", "reject-busy"]);
});

test("the first key after the page opened counts", () => {
  const { clock, done, press } = keyboard();
  clock.now = 1;
  press("2");
  assert.deepEqual(done, ["reject-busy"]);
});

test("a key that had nothing to decide on counts at once when there is something", () => {
  const { done, press } = keyboard({ answer: false });
  press("2");
  press("2");
  assert.deepEqual(done, ["reject-busy", "reject-busy"]);
});

test("a key that moves counts as often as it comes", () => {
  const { done, press } = keyboard();
  press("j");
  press("j", { repeat: true });
  assert.deepEqual(done, ["next", "next"]);
});

test("the browser is kept from using a key that did something, and always from one that decides", () => {
  assert.deepEqual(["j", "2"].map((key) => isTaken(keyboard(), key)), [true, true]);
  assert.deepEqual(["j", "2"].map((key) => isTaken(keyboard({ answer: false }), key)), [false, true]);
  assert.equal(isTaken(keyboard(), "2", { repeat: true }), true);
});

test("a key that somebody else took, or that belongs to a word being written, does nothing", () => {
  const { done, press } = keyboard();
  press("2", { defaultPrevented: true });
  press("2", { isComposing: true });
  press("u");
  assert.deepEqual(done, []);
});

test("the keyboard hears what is pressed on its target, and keys are on by default", () => {
  const target = Object.assign(new EventTarget(), inPage);
  const done = [];
  new Keyboard(target).on("select", () => void done.push("select"));
  target.dispatchEvent(Object.assign(new Event("keydown"), { key: "x" }));
  assert.deepEqual(done, ["select"]);
});

test("the key shown for an action is the first that does it", () => {
  assert.deepEqual(["reject-none", "note", "next", "key-help"].map(keyFor), ["1", "n", "j", "?"]);
});
