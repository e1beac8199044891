/**
 * What the threads of one run share: who may print, the number of the next order that is shown, how many may still be taken, and
 * when there was something to do last.
 *
 * @module
 */

import type { Activity } from "../liveness.ts";
import type { Quota } from "../quota.ts";

/** Where each value lies, in 64-bit cells. The lock takes half of the first. */
const [LOCK, SHOWN, TAKEN, COMPLETED, ACTIVE_AT, CELLS] = [0, 1, 2, 3, 4, 5];
const [FREE, HELD] = [0, 1];

/** The part of a run that all its threads see. */
export class SharedRun {
  /** The memory, to be handed to the other threads. */
  readonly memory: SharedArrayBuffer;
  readonly #lock: Int32Array;
  readonly #cells: BigInt64Array;

  /**
   * Makes it.
   *
   * @param memory Another thread's; a new one where it is left out.
   */
  constructor(
    memory: SharedArrayBuffer = new SharedArrayBuffer(
      CELLS * BigInt64Array.BYTES_PER_ELEMENT,
    ),
  ) {
    this.memory = memory;
    this.#lock = new Int32Array(memory);
    this.#cells = new BigInt64Array(memory);
  }

  /** The number of the next order that is shown, from 1. */
  next(): number {
    return Number(Atomics.add(this.#cells, SHOWN, 1n)) + 1;
  }

  /**
   * Does something while no other thread does: a line that is longer than a pipe takes at once stays whole that way.
   *
   * @param work What is done; it waits for nothing.
   * @returns What it returns.
   */
  alone<T>(work: () => T): T {
    while (Atomics.compareExchange(this.#lock, LOCK, FREE, HELD) !== FREE) {
      Atomics.wait(this.#lock, LOCK, HELD);
    }
    try {
      return work();
    } finally {
      Atomics.store(this.#lock, LOCK, FREE);
      Atomics.notify(this.#lock, LOCK, 1);
    }
  }

  /**
   * Shares a quota.
   *
   * @param limit How many orders the run takes in all.
   * @returns The quota, as this thread sees it.
   */
  quota(limit: number): Quota {
    const cells = this.#cells;
    const all = BigInt(limit);
    return {
      take() {
        // Never more than all of them, not even for a moment: who is refused in it would have stopped for nothing.
        for (let taken = Atomics.load(cells, TAKEN); taken < all;) {
          const before = Atomics.compareExchange(
            cells,
            TAKEN,
            taken,
            taken + 1n,
          );
          if (before === taken) return true;
          taken = before;
        }
        return false;
      },
      release: () => void Atomics.sub(cells, TAKEN, 1n),
      complete: () => Atomics.add(cells, COMPLETED, 1n) + 1n >= all,
    };
  }

  /** When one of the threads had something to do last. */
  get activity(): Activity {
    const cells = this.#cells;
    return {
      note: () => void Atomics.store(cells, ACTIVE_AT, BigInt(Date.now())),
      get at() {
        return Number(Atomics.load(cells, ACTIVE_AT));
      },
    };
  }

  /**
   * Tells whether a quota is used up.
   *
   * @param limit How many orders the run takes in all.
   * @returns Whether so many are completed.
   */
  reached(limit: number): boolean {
    return Atomics.load(this.#cells, COMPLETED) >= BigInt(limit);
  }
}
