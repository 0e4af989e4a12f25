/** Drafts of notes by call key; kept here because rows are redrawn and removed from the document. */

export class Notes {
  #drafts = new Map();

  /** The draft on a call, or null when its note field is closed. */
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
