import assert from "node:assert/strict";
import { test } from "node:test";

import { Choices, valuesOf } from "../../../static/board/data/choices.js";

const call = (more = {}) => ({ state: "incoming", direction: "incoming", targets: [], ...more });

test("each value is offered once, for as long as a call has it", () => {
  const choices = new Choices();
  const [one, other] = [call(), call()];
  choices.replace(undefined, one);
  choices.replace(undefined, other);
  choices.replace(one, call({ state: "established" }));
  assert.deepEqual(choices.of("state").map(([value]) => value), ["incoming", "established"]);
  choices.replace(other, undefined);
  assert.deepEqual(choices.of("state").map(([value]) => value), ["established"]);
  assert.deepEqual(choices.of("direction").map(([value]) => value), ["incoming"]);
});

test("it is another revision only when there is something else to choose from", () => {
  const choices = new Choices();
  const revisions = [];
  for (const [before, after] of [[undefined, call()], [undefined, call()], [call(), undefined], [call(), undefined]]) {
    choices.replace(before, after);
    revisions.push(choices.revision);
  }
  assert.ok(revisions[0] > 0);
  assert.equal(revisions[1], revisions[0]);
  assert.equal(revisions[2], revisions[0]);
  assert.ok(revisions[3] > revisions[2]);
});

test("targets are offered by name, chosen by id, and nothing empty is offered", () => {
  const choices = new Choices();
  choices.replace(undefined, call({ state: "", targets: [{ id: "bot", name: "Desk" }, { name: "Nameless" }, { id: "ivr" }, {}, null] }));
  assert.deepEqual(choices.of("target"), [["bot", "Desk"], ["Nameless", "Nameless"], ["ivr", "ivr"]]);
  assert.deepEqual([choices.of("state"), choices.of("tenant")], [[], []]);
});

test("a call is of its own tenant and of its caller's, counted once where they are the same", () => {
  assert.deepEqual(valuesOf(call({ tenant_id: "contoso", source: { tenant_id: "fabrikam" } }), "tenant"), ["contoso", "fabrikam"]);
  assert.deepEqual(valuesOf(call({ tenant_id: "contoso", source: { tenant_id: "contoso" } }), "tenant"), ["contoso"]);
});
