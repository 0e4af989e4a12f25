/** The preferences panel, the same on every page: shows the choices, sends changes, reports whether they are stored. */

import { Sound } from "./sound.js";
import { post } from "./post.js";
import { Preferences } from "./preferences.js";

const panel = document.getElementById("preferences");
const form = panel?.querySelector("form");
const said = panel?.querySelector("output");

/** This page's preferences. */
export const preferences = new Preferences(form ? read() : given(), (changes) => post(panel.dataset.url, changes));

/** The preferences in the markup of a page without the panel. */
function given() {
  return JSON.parse(document.querySelector("[data-preferences]")?.dataset.preferences || "{}");
}

/** The server's values in the form, even if the user changed a field before this script ran. */
function read() {
  const kept = {};
  for (const field of form.elements) {
    if (field.type === "checkbox") kept[field.name] = field.defaultChecked;
    else if (field.type === "radio" && field.defaultChecked) kept[field.name] = field.value;
    else if (field.type === "range") kept[field.name] = Number(field.defaultValue);
  }
  return kept;
}

/** Whether the user changed the field before this script ran. */
function isChangedAlready(field) {
  if (field.type === "radio") return field.checked && !field.defaultChecked;
  return field.type === "checkbox" ? field.checked !== field.defaultChecked : field.type === "range" && field.value !== field.defaultValue;
}

function valueOf(field) {
  if (field.type === "checkbox") return field.checked;
  return field.type === "range" ? Number(field.value) : field.value;
}

function show(all) {
  for (const field of form.elements) {
    if (!(field.name in all)) continue;
    if (field.type === "checkbox") field.checked = all[field.name];
    else if (field.type === "radio") field.checked = field.value === all[field.name];
    else field.value = all[field.name];
  }
  document.documentElement.dataset.themeChoice = all.theme;
  document.documentElement.dataset.density = all.density;
}

async function change(field) {
  said.textContent = "";
  const { status, body } = await preferences.change({ [field.name]: valueOf(field) });
  said.textContent = status === 200 ? panel.dataset.keptWords : body.message || panel.dataset.notKeptWords;
  if (status === 200 && field.name === "language") location.reload();
}

if (form) {
  const sound = new Sound();
  const early = [...form.elements].filter(isChangedAlready);
  preferences.onChange(show);
  early.forEach(change);
  show(preferences.all);
  form.addEventListener("change", (event) => change(event.target));
  form.addEventListener("submit", (event) => event.preventDefault());
  panel.querySelector("[data-test-tone]").addEventListener("click", () => sound.once(preferences.all));
}
