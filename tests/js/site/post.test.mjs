import assert from "node:assert/strict";
import { test } from "node:test";

import { cookie, post } from "../../../static/site/post.js";

const seen = { version: 3, shown_at: "2026-01-01T12:00:00Z", visible: true };

test("it posts JSON with the token", async () => {
  let asked;
  const fetch = async (url, options) => {
    asked = { url, ...options };
    return new Response('{"outcome": "accepted"}', { status: 202 });
  };
  const answer = await post("/calls/1/reject/", { reason: "busy", seen }, { csrfToken: "t", fetch });
  assert.deepEqual(answer, { status: 202, body: { outcome: "accepted" } });
  assert.equal(asked.method, "POST");
  assert.equal(asked.headers["X-CSRFToken"], "t");
  assert.equal(asked.headers.Accept, "application/json");
  assert.deepEqual([asked.credentials, asked.redirect], ["same-origin", "manual"]);
  assert.deepEqual(JSON.parse(asked.body), { reason: "busy", seen });
});

test("no network is an answer of its own", async () => {
  const fetch = async () => {
    throw new TypeError("Failed to fetch");
  };
  assert.deepEqual(await post("/x", {}, { csrfToken: "", fetch }), { status: 0, body: {} });
});

test("an answer that is not JSON keeps its status", async () => {
  const fetch = async () => new Response("<h1>Bad gateway</h1>", { status: 502 });
  assert.deepEqual(await post("/x", {}, { csrfToken: "", fetch }), { status: 502, body: {} });
});

test("the token is read from its cookie at the moment of the click", () => {
  assert.equal(cookie("csrf", "a=1; csrf=x%3Dy; b=2"), "x=y");
  assert.equal(cookie("csrf", "notcsrf=1"), "");
});
