/**
 * Reads Zstandard with Deno's own reader, and checks what that one doesn't: it accepts truncated data, and stops after the first of
 * several frames without an error (Deno 2.9.6).
 *
 * @see {@link https://datatracker.ietf.org/doc/html/rfc8878}
 * @module
 */

import { Buffer } from "node:buffer";
import { zstdDecompressSync } from "node:zlib";
import { DamagedDataError, InflateLimitError } from "./damage.ts";

const FRAME_MAGIC = 0xfd2fb528;
/** Frames of the 16 magics from here on hold no data. */
const SKIPPABLE_MAGIC = 0x184d2a50;
/** The length of the dictionary's id by the last two bits of the frame's descriptor, in bytes. */
const DICTIONARY_ID_LENGTHS = [0, 1, 2, 4];
/** A block of this kind holds one byte, repeated. */
const RLE_BLOCK = 1;
const RESERVED_BLOCK = 3;

function truncated(): DamagedDataError {
  return new DamagedDataError("its zstd frame is truncated");
}

/** Finds where a frame ends, from one block's header to the next. */
function findFrameEnd(view: DataView, start: number): number {
  let at = start + 4;
  const need = (length: number) => {
    if (at + length > view.byteLength) throw truncated();
    const from = at;
    at += length;
    return from;
  };
  const descriptor = view.getUint8(need(1));
  const singleSegment = (descriptor & 0x20) !== 0;
  const contentSizeCode = descriptor >>> 6;
  if (!singleSegment) need(1);
  need(DICTIONARY_ID_LENGTHS[descriptor & 3] ?? 0);
  if (contentSizeCode > 0) need(2 ** contentSizeCode);
  else if (singleSegment) need(1);
  for (let last = false; !last;) {
    const from = need(3);
    const header = view.getUint16(from, true) + view.getUint8(from + 2) * 65536;
    const kind = (header >>> 1) & 3;
    if (kind === RESERVED_BLOCK) {
      throw new DamagedDataError("its zstd block is of an unknown kind");
    }
    need(kind === RLE_BLOCK ? 1 : header >>> 3);
    last = (header & 1) === 1;
  }
  if (descriptor & 4) need(4);
  return at;
}

/** Splits the data into whole frames, without those that hold no data. */
function findFrames(data: Uint8Array): Uint8Array[] {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const frames: Uint8Array[] = [];
  let at = 0;
  do {
    if (at + 8 > data.length) throw truncated();
    const magic = view.getUint32(at, true);
    let end: number;
    if (magic === FRAME_MAGIC) {
      end = findFrameEnd(view, at);
      frames.push(data.subarray(at, end));
    } else if ((magic & ~0xf) >>> 0 === SKIPPABLE_MAGIC) {
      end = at + 8 + view.getUint32(at + 4, true);
      if (end > data.length) throw truncated();
    } else {
      throw new DamagedDataError("it doesn't begin as a zstd frame does");
    }
    at = end;
  } while (at < data.length);
  return frames;
}

function inflateFrame(frame: Uint8Array, room: number): Uint8Array {
  return zstdDecompressSync(frame, { maxOutputLength: Math.max(room, 1) });
}

/**
 * Inflates Zstandard.
 *
 * @param data The compressed data: one frame or more, one after the other.
 * @param limit How much it may inflate to, in bytes.
 * @throws {DamagedDataError} If it isn't Zstandard, is truncated, fails its checksum, or contradicts itself.
 * @throws {InflateLimitError} If it inflates to more; little more than the limit has been inflated.
 */
export function inflateZstd(data: Uint8Array, limit: number): Uint8Array {
  const parts: Uint8Array[] = [];
  let total = 0;
  for (const frame of findFrames(data)) {
    let part: Uint8Array;
    try {
      part = inflateFrame(frame, limit - total);
    } catch (error) {
      const { code, message } = error as Error & { readonly code?: string };
      if (code === "ERR_BUFFER_TOO_LARGE") throw new InflateLimitError(limit);
      throw new DamagedDataError(`its zstd frame is damaged (${message})`);
    }
    parts.push(part);
    total += part.length;
    if (total > limit) throw new InflateLimitError(limit);
  }
  return parts.length === 1 ? parts[0] as Uint8Array : Buffer.concat(parts);
}
