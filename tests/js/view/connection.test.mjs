import assert from "node:assert/strict";
import { test } from "node:test";

import { markupOf, textOf } from "../browser.mjs";
import { isFresh, isLost, STATES } from "../../../static/board/data/feed.js";
import { connection } from "../../../static/board/view/connection.js";

const feed = (state, more = {}) => ({ state, lastFrameAt: 1000, lostAt: 1000, retryAt: null, failures: 0, everLive: true, ...more });
const drawn = (about, now = 1000) => textOf(connection(about, now, { login: "/accounts/login/" }));
const ALL = Object.values(STATES);

test("the page knows what rings while the feed is live or late, and is lost in every other state but the first", () => {
  assert.deepEqual(ALL.filter((state) => isFresh(feed(state))), [STATES.LIVE, STATES.LATE]);
  assert.deepEqual(ALL.filter((state) => isLost(feed(state))), [STATES.LOST, STATES.SIGNED_OUT, STATES.NO_RIGHT]);
});

test("each state has its headline, and its name as a class", () => {
  const headlines = ["Connecting…", "Live", "Late: last heard from 0 s ago", "Feed lost 0 s ago", "Signed out", "No right to see the board"];
  for (const [index, state] of ALL.entries()) {
    assert.ok(drawn(feed(state)).startsWith(headlines[index]), state);
    assert.ok(markupOf(connection(feed(state), 0, {})).includes(`connection-${state}`), state);
  }
});

test("how long ago is told in seconds up to a minute, then in minutes begun and gone by", () => {
  const lost = (seconds) => drawn(feed(STATES.LOST), 1000 + seconds * 1000);
  assert.match(lost(59), /59 s ago/);
  assert.match(lost(60), /1 min ago/);
  assert.match(lost(119), /1 min ago/);
  assert.match(lost(120), /2 min ago/);
  assert.match(lost(-5), /0 s ago/);
  assert.match(drawn(feed(STATES.LATE, { lastFrameAt: 4000, lostAt: null }), 18_000), /from 14 s ago/);
});

test("a list that may be old says so, and calls that are hidden say what to do", () => {
  assert.match(drawn(feed(STATES.LATE)), /This list may be old\. Rejecting still works\./);
  assert.match(drawn(feed(STATES.LOST)), /This list may be old\. Rejecting still works\./);
  assert.match(drawn(feed(STATES.SIGNED_OUT)), /no longer shown here\. Sign in/);
  assert.match(drawn(feed(STATES.NO_RIGHT)), /Ask an administrator/);
  assert.equal(drawn(feed(STATES.LIVE)), "Live");
});

test("a proxy is suspected after four tries if no frame ever came", () => {
  const tried = (failures, everLive) => drawn(feed(STATES.LOST, { failures, everLive }));
  assert.doesNotMatch(tried(3, false), /proxy/);
  assert.match(tried(4, false), /may block WebSockets/);
  assert.doesNotMatch(tried(4, true), /proxy/);
});

test("a lost feed says when it is tried next, and when that is under way", () => {
  const next = (retryAt) => drawn(feed(STATES.LOST, { retryAt }), 10_000);
  assert.match(next(null), /Trying…/);
  assert.match(next(11_001), /Next try in 2 s\./);
  assert.match(next(10_001), /Next try in 1 s\./);
  assert.match(next(9_000), /Next try in 1 s\./);
  assert.doesNotMatch(drawn(feed(STATES.LATE)), /try|Trying/);
});

test("each state that can be left has its way out", () => {
  const ways = ALL.map((state) => /Connect now|Sign in$|Use another account/.exec(drawn(feed(state)))?.[0] ?? null);
  assert.deepEqual(ways, [null, null, "Connect now", "Connect now", "Sign in", "Use another account"]);
  assert.match(markupOf(connection(feed(STATES.SIGNED_OUT), 0, { login: "/in/" })), /href=\/in\//);
});
