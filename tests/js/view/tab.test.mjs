import assert from "node:assert/strict";
import { test } from "node:test";

import { faviconOf, Tab, titleOf } from "../../../static/board/view/tab.js";

const drawn = (told) => decodeURIComponent(faviconOf(told));

test("the title counts what rings and marks a lost feed", () => {
  assert.equal(titleOf("Calls", { count: 0, isLost: false }), "Calls");
  assert.equal(titleOf("Calls", { count: 3, isLost: false }), "(3) Calls");
  assert.equal(titleOf("Calls", { count: 0, isLost: true }), "(!) Calls");
  assert.equal(titleOf("Calls", { count: 3, isLost: true }), "(! 3) Calls");
});

test("the icon is the usual one while nothing is to be told", () => {
  assert.equal(faviconOf({ count: 0, isLost: false }), null);
});

test("the icon shows the number, or a mark when the feed is lost", () => {
  assert.match(drawn({ count: 3, isLost: false }), />3<\/text>/);
  assert.match(drawn({ count: 3, isLost: true }), />!<\/text>/);
  assert.match(drawn({ count: 250, isLost: false }), />99<\/text>/);
});

test("the tab gets its own icon back", () => {
  const icon = { href: "usual.svg" };
  const document = { title: "Calls", querySelector: (selector) => (selector === 'link[rel="icon"]' ? icon : null) };
  const tab = new Tab(document);
  tab.show({ count: 1, isLost: false });
  assert.equal(document.title, "(1) Calls");
  assert.match(icon.href, /^data:image\/svg\+xml,/);
  tab.show({ count: 0, isLost: false });
  assert.equal(icon.href, "usual.svg");
});

test("the icon is set anew only when it looks different", () => {
  const set = [];
  const icon = {
    get href() {
      return set.at(-1);
    },
    set href(address) {
      set.push(address);
    },
  };
  const tab = new Tab({ title: "Calls", querySelector: () => icon });
  for (const count of [120, 121, 122]) tab.show({ count, isLost: false });
  assert.equal(set.length, 1);
});

test("a page whose icon is missing still counts in its title, and sets it only when it changes", () => {
  const titles = ["Calls"];
  const document = {
    get title() {
      return titles.at(-1);
    },
    set title(title) {
      titles.push(title);
    },
    querySelector: () => null,
  };
  const tab = new Tab(document);
  for (const count of [1, 1, 2]) tab.show({ count, isLost: false });
  assert.deepEqual(titles, ["Calls", "(1) Calls", "(2) Calls"]);
});
