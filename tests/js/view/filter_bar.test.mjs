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

/** The entries of the lists that are drawn, as `[value, text, isSelected]`. */
function entries(...about) {
  const options = markupOf(bar(...about)).matchAll(/<option value="?([^\s"]*)"? \?selected=(\w+)>([^<]*)</g);
  return [...options].map(([, value, isSelected, text]) => [value, text, isSelected === "true"]);
}

const STATES = [{ state: "ringing" }, { state: "incoming" }, { state: "hold" }];

test("a list begins with any, and has its entries in words, by the alphabet", () => {
  assert.deepEqual(entries({ calls: STATES }), [
    ["", "any state", true],
    ["incoming", "incoming", false],
    ["hold", "on hold", false],
    ["ringing", "ringing", false],
  ]);
  const directions = entries({ calls: [{ direction: "incoming" }, { direction: "outgoing" }, { direction: "sideways" }] });
  assert.deepEqual(directions.map(([, text]) => text), ["any direction", "incoming", "outgoing", "sideways"]);
});

test("what was chosen is selected, once, and stays in its list when no call has it any more", () => {
  const selected = (...about) => entries(...about).filter(([, , isSelected]) => isSelected);
  assert.deepEqual(selected({ calls: STATES, filter: { state: "hold" } }), [["hold", "on hold", true]]);
  assert.equal(entries({ calls: STATES, filter: { state: "hold" } }).length, 4);
  assert.equal(entries({ calls: STATES, filter: { state: "established" } }).length, 5);
  assert.deepEqual(entries({ filter: { state: "hold" } }), [["", "any state", false], ["hold", "on hold", true]]);
  assert.deepEqual(entries({ filter: { target: "bot" } }), [["", "any target", false], ["bot", "bot", true]]);
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
