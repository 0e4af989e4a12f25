import assert from "node:assert/strict";
import { test } from "node:test";

import { markupOf, textOf } from "../browser.mjs";
import { banners } from "../../../static/board/view/banners.js";

const banner = (action) => banners([{ name: "version", tone: "plain", icon: "x", text: "News.", action }], {});

test("a banner has its way out: none, a link, or a button that may have to wait", () => {
  assert.equal(textOf(banner(null)), "News.");
  assert.match(markupOf(banner({ label: "Sign in", href: "/in/" })), /href=\/in\/>Sign in/);
  assert.match(markupOf(banner({ label: "Load it", name: "reload", isHeld: true })), /\?disabled=true.*>Load it/s);
});
