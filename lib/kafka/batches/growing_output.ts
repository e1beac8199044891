/**
 * Room for inflated data whose length isn't known before: it grows as it fills, up to a limit.
 *
 * @module
 */

import { InflateLimitError } from "./damage.ts";

/** The smallest room to begin with, in bytes. */
const MIN_CAPACITY = 64 * 1024;

/** A buffer that grows. */
export class GrowingOutput {
  readonly #limit: number;
  #bytes: Uint8Array<ArrayBuffer>;
  /** How many bytes are filled. Whoever fills the room that {@linkcode reserve} made moves it on. */
  length = 0;

  /**
   * Makes an empty one.
   *
   * @param expected How many bytes will probably come; a wrong guess only costs copies.
   * @param limit How many bytes may come at most.
   */
  constructor(expected: number, limit: number) {
    this.#limit = limit;
    this.#bytes = new Uint8Array(
      Math.min(Math.max(expected, MIN_CAPACITY), limit),
    );
  }

  /**
   * Makes room for more bytes.
   *
   * @param count How many more bytes are to come.
   * @returns The buffer, which may be another one than before: write to it from {@linkcode length} on.
   * @throws {InflateLimitError} If they would go beyond the limit.
   */
  reserve(count: number): Uint8Array<ArrayBuffer> {
    const needed = this.length + count;
    if (needed <= this.#bytes.length) return this.#bytes;
    if (needed > this.#limit) throw new InflateLimitError(this.#limit);
    // The old buffer is freed at once: as garbage, those of some large batches add up to a gigabyte.
    const grown = this.#bytes.buffer.transfer(
      Math.min(Math.max(needed, this.#bytes.length * 2), this.#limit),
    );
    return this.#bytes = new Uint8Array(grown);
  }

  /**
   * Ends the filling.
   *
   * @returns What was filled: a view, not a copy.
   */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.length);
  }
}
