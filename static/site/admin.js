/** Stores the theme chosen with the admin's own button, so that every other page uses it. */

import { post } from "./post.js";

const root = document.documentElement;
const { preferencesUrl } = document.querySelector("script[data-preferences-url]").dataset;

new MutationObserver(() => post(preferencesUrl, { theme: root.dataset.theme })).observe(root, { attributeFilter: ["data-theme"] });
