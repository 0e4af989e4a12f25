import assert from "node:assert/strict";
import { test } from "node:test";

import { isFiltering, matcherOf, readFilter, writeFilter } from "../../../static/board/data/filter.js";

const call = {
  key: "1",
  graph_id: "4F1A",
  state: "incoming",
  direction: "incoming",
  tenant_id: "contoso",
  source: { kind: "user", name: "Ада Лавлейс", id: "ada@contoso", tenant_id: "fabrikam" },
  targets: [{ name: "Front desk", id: "bot" }],
};
const row = (more = {}) => ({ records: [{ call: { ...call, ...more } }] });
const passes = (filter, shown = row()) => matcherOf({ ...readFilter(), ...filter })(shown);

test("an empty filter lets everything pass", () => {
  assert.equal(isFiltering(readFilter()), false);
  assert.equal(passes({}), true);
  assert.equal(isFiltering({ ...readFilter(), section: "ringing" }), false);
});

test("text is found in names, ids and targets, in any case, each word somewhere", () => {
  for (const text of ["лавлейс", "CONTOSO", "front ада", "4f1a"]) assert.equal(passes({ text }), true, text);
  assert.equal(passes({ text: "ада grace" }), false);
});

test("a change of the call is found as well", () => {
  const shown = row();
  assert.equal(passes({ text: "grace" }, shown), false);
  shown.records[0].call = { ...call, source: { name: "Grace Hopper" } };
  assert.equal(passes({ text: "grace" }, shown), true);
});

test("state, direction, tenant and target are chosen exactly", () => {
  assert.equal(passes({ state: "incoming" }), true);
  assert.equal(passes({ state: "in" }), false);
  assert.equal(passes({ direction: "outgoing" }), false);
  assert.equal(passes({ tenant: "fabrikam" }), true);
  assert.equal(passes({ tenant: "contoso" }), true);
  assert.equal(passes({ target: "bot" }), true);
  assert.equal(passes({ target: "bot", state: "hold" }), false);
  assert.equal(passes({ tenant: "litware" }), false);
  assert.equal(passes({ target: "ivr" }), false);
});

test("a row passes when one of its calls does", () => {
  const shown = { records: [{ call }, { call: { ...call, state: "hold" } }] };
  assert.equal(passes({ state: "hold" }, shown), true);
});

test("the page's address keeps the filter, and what else it says", () => {
  const address = writeFilter({ ...readFilter(), text: "ada", section: "ended" }, new URLSearchParams("wall=1&state=hold"));
  assert.equal(String(address), "wall=1&text=ada&section=ended");
  assert.deepEqual(readFilter(address), { ...readFilter(), text: "ada", section: "ended" });
});
