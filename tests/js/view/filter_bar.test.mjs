import assert from "node:assert/strict";
import { test } from "node:test";

import { markupOf, textOf } from "../browser.mjs";
import { Choices } from "../../../static/board/data/choices.js";
import { readFilter } from "../../../static/board/data/filter.js";
import { filterBar } from "../../../static/board/view/filter_bar.js";

function bar({ filter = {}, calls = [], hidden = 0, isOpen = false } = {}) {
  const choices = new Choices();
  for (const call of calls) choices.replace(undefined, call);
  return filterBar({ filter: { ...readFilter(), ...filter }, choices, hidden, isOpen }, {});
}

const EVERYTHING = "Filter Everything Ringing In progress Just ended";

test("the sections can always be chosen, a list only where there is a choice", () => {
  assert.equal(textOf(bar()), EVERYTHING);
  assert.equal(textOf(bar({ calls: [{ state: "incoming" }] })), EVERYTHING);
  const text = textOf(bar({ calls: [{ state: "incoming" }, { state: "hold" }] }));
  assert.match(text, /any state/);
  assert.doesNotMatch(text, /any tenant/);
});

test("what was chosen stays in its list when no call has it any more", () => {
  assert.match(markupOf(bar({ filter: { state: "hold" } })), /any state/);
});

test("the chosen section is pressed", () => {
  const pressed = (filter) => [...markupOf(bar({ filter })).matchAll(/aria-pressed=(\w+)/g)].map(([, is]) => is);
  assert.deepEqual(pressed({}), ["true", "false", "false", "false"]);
  assert.deepEqual(pressed({ section: "ended" }), ["false", "false", "false", "true"]);
});

test("while a filter is set it says what rings outside it, also that nothing does", () => {
  assert.doesNotMatch(textOf(bar({ hidden: 3 })), /outside/);
  for (const filter of [{ text: "ada" }, { section: "ended" }]) {
    assert.match(textOf(bar({ filter, hidden: 3 })), /3 more ringing outside your filter Show everything$/);
    assert.match(textOf(bar({ filter })), /Your filter hides nothing that rings\. Show everything$/);
  }
  assert.match(markupOf(bar({ filter: { text: "ada" }, hidden: 1 })), /outside-rings/);
  assert.doesNotMatch(markupOf(bar({ filter: { text: "ada" } })), /outside-rings/);
});

test("where there is little room the bar is open or not", () => {
  assert.match(markupOf(bar({ isOpen: true })), /finder-open".*aria-expanded=true/s);
  assert.doesNotMatch(markupOf(bar()), /finder-open"/);
});
