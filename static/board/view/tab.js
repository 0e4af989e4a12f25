/** The browser tab: title and icon with the number of ringing calls and a mark for a lost feed. */

const RINGING = "#b93a0b";
const LOST = "#57606a";
const MOST_SHOWN = 99;

/** Return the title with the number of ringing calls, and a mark when the feed is lost. */
export function titleOf(title, { count, isLost }) {
  if (isLost) return count ? `(! ${count}) ${title}` : `(!) ${title}`;
  return count ? `(${count}) ${title}` : title;
}

/** Return the icon as a data address; null for the page's usual icon. */
export function faviconOf({ count, isLost }) {
  if (!count && !isLost) return null;
  const mark = isLost ? "!" : String(Math.min(count, MOST_SHOWN));
  return `data:image/svg+xml,${encodeURIComponent(drawing(isLost ? LOST : RINGING, mark))}`;
}

function drawing(colour, mark) {
  const size = mark.length > 1 ? 19 : 25;
  const place = `x="16" y="${16 + size * 0.36}" text-anchor="middle"`;
  const type = `font-family="sans-serif" font-weight="700" font-size="${size}" fill="#fff"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="${colour}"/><text ${place} ${type}>${mark}</text></svg>`;
}

export class Tab {
  #document;
  #title;
  #icon;
  #usual;
  #shown = "";

  constructor(document) {
    this.#document = document;
    this.#title = document.title;
    this.#icon = document.querySelector('link[rel="icon"]');
    this.#usual = this.#icon?.href;
  }

  /** Update title and icon only when they change; browsers load an icon each time it is set. */
  show(told) {
    const key = `${told.count} ${told.isLost}`;
    if (key === this.#shown) return;
    this.#shown = key;
    this.#document.title = titleOf(this.#title, told);
    this.#showIcon(faviconOf(told) ?? this.#usual);
  }

  #showIcon(address) {
    if (this.#icon && this.#icon.href !== address) this.#icon.href = address;
  }
}
