import assert from "node:assert/strict";
import { test } from "node:test";

import { DEFAULTS, Preferences } from "../../../static/site/preferences.js";

/** A server that answers when told to. */
class Server {
  asked = [];
  send = (changes) => new Promise((resolve) => this.asked.push({ changes, answer: resolve }));
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test("what was never chosen is the default", () => {
  assert.deepEqual(new Preferences({ tone: "low" }, () => {}).all, { ...DEFAULTS, tone: "low" });
});

test("a choice is shown before the server has answered, and told to whoever listens", () => {
  const preferences = new Preferences({}, new Server().send);
  const heard = [];
  preferences.onChange((all) => heard.push(all.volume));
  preferences.change({ volume: 20 });
  assert.equal(preferences.all.volume, 20);
  assert.deepEqual(heard, [20]);
});

test("the server's document is kept, with what another browser chose meanwhile", async () => {
  const server = new Server();
  const preferences = new Preferences({}, server.send);
  preferences.change({ volume: 20 });
  await settled();
  server.asked[0].answer({ status: 200, body: { volume: 20, tone: "ping" } });
  await settled();
  assert.equal(preferences.all.tone, "ping");
  assert.equal(preferences.all.volume, 20);
});

test("a refused choice is taken back, a later one stays", async () => {
  const server = new Server();
  const preferences = new Preferences({}, server.send);
  preferences.change({ theme: "dark" });
  preferences.change({ volume: 20 });
  await settled();
  assert.deepEqual(server.asked.map(({ changes }) => changes), [{ theme: "dark" }]);
  server.asked[0].answer({ status: 422, body: {} });
  await settled();
  assert.equal(preferences.all.theme, "auto");
  assert.equal(preferences.all.volume, 20);
  assert.deepEqual(server.asked[1].changes, { volume: 20 });
});

test("a refusal leaves what was kept, is told to whoever listens and to whoever asked", async () => {
  const server = new Server();
  const preferences = new Preferences({ tone: "low" }, server.send);
  const heard = [];
  preferences.onChange(({ theme, tone }) => heard.push([theme, tone]));
  const answer = preferences.change({ theme: "dark" });
  await settled();
  server.asked[0].answer({ status: 503, body: { message: "Not kept." } });
  assert.deepEqual(await answer, { status: 503, body: { message: "Not kept." } });
  assert.deepEqual(heard, [["dark", "low"], ["auto", "low"]]);
});
