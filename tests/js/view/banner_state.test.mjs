import assert from "node:assert/strict";
import { test } from "node:test";

import { bannersOf } from "../../../static/board/view/banner_state.js";

const calm = {
  watch: { isOn: true, sound: "ready", notices: "granted" },
  choices: { sound: true, notices: true },
  session: null,
  isOutdated: false,
  ringing: 0,
  loginUrl: "/accounts/login/?next=/",
};
const bannersWith = (more) => bannersOf({ ...calm, ...more });
const names = (more) => bannersWith(more).map(({ name }) => name);

test("nothing stands while all is well", () => {
  assert.deepEqual(names({}), []);
});

test("a blocked sound stands as long as sound is wanted, with the way to unlock it", () => {
  const watch = { ...calm.watch, sound: "blocked" };
  assert.equal(bannersWith({ watch })[0].action.name, "unlock");
  assert.deepEqual(names({ watch, choices: { sound: false, notices: true } }), []);
  assert.deepEqual(names({ watch: { ...watch, isOn: false } }), []);
});

test("denied notices stand until somebody does without them", () => {
  const watch = { ...calm.watch, notices: "denied" };
  assert.deepEqual(names({ watch }), ["notices"]);
  assert.deepEqual(names({ watch, choices: { sound: true, notices: false } }), []);
});

test("the session's end comes with a way back to the board, and grows loud in the last minutes", () => {
  const [early] = bannersWith({ session: { ended: false, minutes: 30 } });
  assert.match(early.text, /30 minutes/);
  assert.equal(early.action.href, calm.loginUrl);
  assert.equal(bannersWith({ session: { ended: false, minutes: 5 } })[0].tone, "bad");
  assert.match(bannersWith({ session: { ended: true, minutes: 0 } })[0].text, /has ended/);
});

test("a new version is offered, and waits while something rings", () => {
  assert.equal(bannersWith({ isOutdated: true })[0].action.isHeld, false);
  assert.equal(bannersWith({ isOutdated: true, ringing: 1 })[0].action.isHeld, true);
});

test("a browser that cannot play sounds says so, with nothing to be done about it", () => {
  const [banner] = bannersWith({ watch: { ...calm.watch, sound: "missing" } });
  assert.match(banner.text, /cannot play sounds/);
  assert.deepEqual([banner.name, banner.tone, banner.action], ["sound", "doubt", null]);
});

test("what must be done is bad, what may be is a doubt, what is news is plain", () => {
  const tones = (more) => bannersWith(more).map(({ name, tone }) => `${name} ${tone}`);
  const session = (minutes) => ({ session: { ended: false, minutes } });
  assert.deepEqual(tones({ watch: { isOn: true, sound: "blocked", notices: "denied" }, isOutdated: true, ...session(6) }), [
    "sound bad",
    "notices doubt",
    "session doubt",
    "version plain",
  ]);
  assert.deepEqual(tones({ session: { ended: true, minutes: 0 } }), ["session bad"]);
});

test("a session that ended while something rang says how much went unheard", () => {
  const ended = (unheard) => bannersWith({ session: { ended: true, minutes: 0 }, unheard })[0].text;
  assert.match(ended(0), /^Your session has ended\. Sign in again/);
  assert.match(ended(1), /^Your session has ended while 1 call was ringing\./);
  assert.match(ended(3), /^Your session has ended while 3 calls were ringing\./);
});
