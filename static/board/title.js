/** The page's title: how many calls ring, or that nobody can tell. */

import { STATES } from "./feed.js";

/** Keep the document's title up to date. */
export function keepTitle(live) {
  const plain = document.title;
  live.addEventListener("change", () => {
    const title = titleNow(live, plain);
    if (document.title !== title) document.title = title;
  });
}

function titleNow({ feed, store }, plain) {
  if (feed.state !== STATES.LIVE && feed.state !== STATES.CONNECTING) return `(!) ${plain}`;
  const count = store.ringingCount();
  return count ? `(${count}) ${plain}` : plain;
}
