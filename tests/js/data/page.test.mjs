import assert from "node:assert/strict";
import { test } from "node:test";

import { view } from "../browser.mjs";
import { readPage } from "../../../static/board/data/page.js";

const dataset = {
  socketPath: "/ws/calls/",
  loginUrl: "/accounts/login/",
  csrfCookie: "csrftoken",
  me: "anna",
  mayReject: "true",
  timeZone: "Europe/Berlin",
  build: "0a1b",
  sessionEnds: "2026-01-01T20:00:00Z",
  wall: "false",
  bulkUrl: "/api/calls/reject/",
  callUrl: "/calls/ANY/",
  anyKey: "ANY",
};
const read = (more = {}) => readPage({ dataset: { ...dataset, ...more } });

test("the page is read from its element", () => {
  const { callUrl, ...page } = read();
  assert.deepEqual(page, {
    socketUrl: "wss://calls.example/ws/calls/",
    loginUrl: "/accounts/login/",
    csrfCookie: "csrftoken",
    me: "anna",
    mayReject: true,
    timeZone: "Europe/Berlin",
    build: "0a1b",
    sessionEnds: "2026-01-01T20:00:00Z",
    isWall: false,
    bulkUrl: "/api/calls/reject/",
  });
  assert.equal(callUrl("7"), "/calls/7/");
});

test("only the word true gives a right or makes a wall, and what was not told is null", () => {
  const { mayReject, isWall, build, sessionEnds } = read({ mayReject: "false", wall: "true", build: "", sessionEnds: "" });
  assert.deepEqual([mayReject, isWall, build, sessionEnds], [false, true, null, null]);
});

test("the socket is as safe as the page", () => {
  view.location.protocol = "http:";
  assert.equal(read().socketUrl, "ws://calls.example/ws/calls/");
});
