/** Notes being written on rows: kept here, not in the document, so that nothing is lost when a row is drawn anew. */

export class Notes {
  #drafts = new Map();

  /** The text so far, or null while nobody writes. */
  draftOn(key) {
    return this.#drafts.get(key) ?? null;
  }

  write(key, text) {
    this.#drafts.set(key, text);
  }

  close(key) {
    this.#drafts.delete(key);
  }

  forget(keys) {
    for (const key of keys) this.#drafts.delete(key);
  }
}
