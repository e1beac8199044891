/**
 * What a broker sends, taken apart into frames: a length in four bytes, then so many bytes.
 *
 * A frame that comes in several parts has memory of its own, which can be freed as soon as what is in it has been used. V8 frees memory
 * that it has seen in use a few times only when it looks through all of it: a busy consumer would hold what it has long consumed.
 *
 * @module
 */

import { Buffer } from "node:buffer";

/**
 * The longest answer that is taken from a broker, in bytes. A fetch asks for 16 MiB at most, and gets more only if a single batch is
 * larger. Equals `receive.message.max.bytes` of librdkafka, and has its default.
 */
export const MAX_FRAME_BYTES = 100_000_000;

/** The length in front of a frame, and the number of the request that it answers, in bytes. */
export const INT32_BYTES = 4;

/** The memory of frames, and how many parts of each are in use. */
const uses = new WeakMap<ArrayBufferLike, number>();

/** A frame of a length that no broker sends. */
export class FrameError extends Error {}

/** Takes apart what one connection receives. */
export class FrameReader {
  /** What has come of the next frame while its length isn't known. */
  #rest: Buffer = Buffer.alloc(0);
  #frame: Buffer | undefined;
  /** How many bytes of the frame have come. */
  #filled = 0;

  /**
   * Takes what has come.
   *
   * @returns The frames that are whole by now, their lengths included.
   * @throws {FrameError} If a frame is too short or longer than {@linkcode MAX_FRAME_BYTES}.
   */
  *read(data: Buffer): Generator<Buffer> {
    let rest = this.#rest.length > 0 ? Buffer.concat([this.#rest, data]) : data;
    for (;;) {
      if (!this.#frame) {
        this.#rest = rest;
        if (rest.length < INT32_BYTES) return;
        const size = rest.readInt32BE(0);
        if (size < INT32_BYTES || size > MAX_FRAME_BYTES) {
          throw new FrameError(`The broker sent a frame of ${size} bytes`);
        }
        const length = INT32_BYTES + size;
        if (rest.length >= length) {
          this.#rest = rest.subarray(length);
          yield rest.subarray(0, length);
          rest = this.#rest;
          continue;
        }
        this.#frame = Buffer.allocUnsafeSlow(length);
        uses.set(this.#frame.buffer, 0);
        this.#filled = 0;
      }
      const frame = this.#frame;
      const taken = rest.copy(frame, this.#filled);
      this.#filled += taken;
      this.#rest = rest = rest.subarray(taken);
      if (this.#filled < frame.length) return;
      this.#frame = undefined;
      yield frame;
      rest = this.#rest;
    }
  }
}

/** Marks a part of a frame as in use. */
export function usePart(part: Buffer): void {
  const count = uses.get(part.buffer);
  if (count !== undefined) uses.set(part.buffer, count + 1);
}

/** Frees a frame's memory once all of its parts that were marked are released. Whatever has it is empty then. */
export function releasePart(part: Buffer): void {
  const { buffer } = part;
  const count = uses.get(buffer);
  if (count === undefined || !(buffer instanceof ArrayBuffer)) return;
  uses.set(buffer, count - 1);
  if (count === 1) buffer.transfer(0);
}
