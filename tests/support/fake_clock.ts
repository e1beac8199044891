/**
 * A clock that goes as far as a test says, for what would depend on how busy the machine is.
 *
 * @module
 */

/** What runs again and again. */
interface Interval {
  readonly fn: () => void;
  readonly everyMs: number;
  dueMs: number;
}

/** Stands in for `Date.now()` and `setInterval()` until it is disposed of. */
export class FakeClock implements Disposable {
  readonly #now = Date.now;
  readonly #setInterval = globalThis.setInterval;
  readonly #clearInterval = globalThis.clearInterval;
  readonly #intervals = new Map<number, Interval>();
  #ms = 0;
  #lastId = 0;

  constructor() {
    Date.now = () => this.#ms;
    Object.assign(globalThis, {
      setInterval: (fn: () => void, everyMs: number) => {
        const dueMs = this.#ms + everyMs;
        this.#intervals.set(++this.#lastId, { fn, everyMs, dueMs });
        return this.#lastId;
      },
      clearInterval: (id: number) => this.#intervals.delete(id),
    });
  }

  /**
   * Lets time pass.
   *
   * @param ms How much, in milliseconds.
   */
  pass(ms: number): void {
    for (const endMs = this.#ms + ms; this.#ms < endMs;) {
      this.#ms++;
      for (const one of this.#intervals.values()) {
        if (one.dueMs > this.#ms) continue;
        one.dueMs = this.#ms + one.everyMs;
        one.fn();
      }
    }
  }

  /**
   * Lets time pass in which nothing runs, as in a process that is suspended.
   *
   * @param ms How much, in milliseconds.
   */
  suspend(ms: number): void {
    this.#ms += ms;
  }

  /** Brings the real ones back. */
  [Symbol.dispose](): void {
    Date.now = this.#now;
    Object.assign(globalThis, {
      setInterval: this.#setInterval,
      clearInterval: this.#clearInterval,
    });
  }
}
