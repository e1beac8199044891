/**
 * How many orders a run may still take, where it ends after so many.
 *
 * @module
 */

/** What is left to take. Whoever takes one either completes it or gives it back. */
export interface Quota {
  /** Takes one; false where none is left. */
  take(): boolean;
  /** Gives one back that came to nothing: the message was no order. */
  release(): void;
  /** Completes one, and tells whether that was the last. */
  complete(): boolean;
}

/** A quota of one consumer's own. */
export class OwnQuota implements Quota {
  #left: number;
  #open = 0;

  /** @param limit How many; `Infinity` for a run without such an end. */
  constructor(limit: number) {
    this.#left = limit;
  }

  /** Takes one. */
  take(): boolean {
    if (this.#left === 0) return false;
    this.#left--;
    this.#open++;
    return true;
  }

  /** Gives one back. */
  release(): void {
    this.#left++;
    this.#open--;
  }

  /** Completes one. */
  complete(): boolean {
    return --this.#open === 0 && this.#left === 0;
  }
}
