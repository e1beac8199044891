/**
 * Room for inflated data: it grows as it fills, up to a limit.
 *
 * @module
 */

import { InflateLimitError } from "./damage.ts";

/** The smallest room to begin with, in bytes. */
const MIN_CAPACITY_BYTES = 64 * 1024;

/** Data that is read from its beginning to its end. */
export interface Source {
  readonly data: Uint8Array;
  /** Where the next byte is. */
  at: number;
}

/** A buffer that grows. */
export class GrowingOutput {
  readonly #limitBytes: number;
  #bytes: Uint8Array<ArrayBuffer>;
  #length = 0;

  constructor(expectedBytes: number, limitBytes: number) {
    this.#limitBytes = limitBytes;
    this.#bytes = new Uint8Array(
      Math.min(Math.max(expectedBytes, MIN_CAPACITY_BYTES), limitBytes),
    );
  }

  /** How many bytes have come. */
  get length(): number {
    return this.#length;
  }

  /** Appends bytes, and moves the source on past them. */
  append(source: Source, length: number): void {
    const bytes = this.#reserve(length);
    const { data, at } = source;
    bytes.set(data.subarray(at, at + length), this.#length);
    source.at = at + length;
    this.#length += length;
  }

  /** Appends bytes that begin so many before the end, 1 or more. They may overlap what is appended: with 1 the last byte is repeated. */
  repeat(offset: number, length: number): void {
    const bytes = this.#reserve(length);
    const end = this.#length + length;
    // What has been written doubles what can be copied next without overlap.
    const from = this.#length - offset;
    for (let to = this.#length; to < end;) {
      const count = Math.min(to - from, end - to);
      bytes.copyWithin(to, from, from + count);
      to += count;
    }
    this.#length = end;
  }

  /** Ends the filling. Returns what has come: a view, not a copy. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }

  #reserve(count: number): Uint8Array<ArrayBuffer> {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return this.#bytes;
    if (needed > this.#limitBytes) {
      throw new InflateLimitError(this.#limitBytes);
    }
    // The old buffer is freed at once: as garbage, those of some large batches add up to a gigabyte.
    const grown = this.#bytes.buffer.transfer(
      Math.min(Math.max(needed, this.#bytes.length * 2), this.#limitBytes),
    );
    return this.#bytes = new Uint8Array(grown);
  }
}
