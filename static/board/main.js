/** Puts the live board together. Every line joins modules; none decides anything itself. */

import { announce, Announcer } from "./announcer.js";
import { Decisions } from "./decisions.js";
import { Live } from "./live.js";
import { readPage } from "./page.js";
import { Picture } from "./picture.js";
import { timeWriter } from "./times.js";
import { keepTitle } from "./title.js";

const root = document.getElementById("board");
const page = readPage(root);
const people = { me: page.me, time: timeWriter(document.documentElement.lang, page.timeZone) };
const live = new Live(page.socketUrl);
const decisions = new Decisions(live, page);

for (const element of document.querySelectorAll("[data-until-scripts-run]")) element.remove();
new Picture(root, { live, decisions, page, people });
announce(new Announcer(document.getElementById("announcer")), live, decisions, people);
keepTitle(live);
live.start();
