/**
 * Chance that can be had again: every fault test prints its seed.
 *
 * @module
 */

/** Numbers by chance, the same ones for the same seed (mulberry32). */
export class Random {
  #state: number;

  /** @param seed A whole number from 0 to 2^32 - 1. */
  constructor(readonly seed: number) {
    this.#state = seed;
  }

  /** @returns A number from 0 to less than 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /**
   * @param low The lowest number.
   * @param high The first number that is too high.
   * @returns A whole number from `low` to less than `high`.
   */
  integer(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low));
  }

  /**
   * @param items What to pick from; not empty.
   * @returns One of them.
   */
  pick<T>(items: readonly T[]): T {
    return items[this.integer(0, items.length)] as T;
  }

  /**
   * @param items What to put in another order.
   * @returns The same items.
   */
  shuffle<T>(items: readonly T[]): T[] {
    const shuffled = [...items];
    for (let i = shuffled.length - 1; i > 0; i--) {
      const j = this.integer(0, i + 1);
      [shuffled[i], shuffled[j]] = [shuffled[j] as T, shuffled[i] as T];
    }
    return shuffled;
  }

  /**
   * @param length How many.
   * @returns Bytes.
   */
  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.integer(0, 256));
  }
}
