/**
 * Reads Snappy as Kafka's clients write it: librdkafka's is one raw block, Java's is framed by snappy-java (xerial).
 *
 * The packages that read Snappy take truncated data for whole; this reader refuses all that isn't exactly what the format says.
 *
 * @see {@link https://github.com/google/snappy/blob/main/format_description.txt}
 * @module
 */

import { repeatBytes } from "./back_reference.ts";
import { DamagedDataError, InflateLimitError } from "./damage.ts";

/** What snappy-java's stream begins with: 0x82, `SNAPPY`, 0. */
const XERIAL_MAGIC = [0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00];
/** The magic, the version and the oldest version that can read it, in bytes. */
const XERIAL_HEADER_LENGTH = 16;

/** One raw block of compressed data. */
interface Block {
  /** Where its first element is. */
  readonly start: number;
  /** Where it ends. */
  readonly end: number;
  /** What it inflates to, in bytes. */
  readonly length: number;
}

function isXerial(data: Uint8Array, at: number): boolean {
  return data.length >= at + XERIAL_HEADER_LENGTH &&
    XERIAL_MAGIC.every((byte, index) => data[at + index] === byte);
}

/** Reads how long a block is once inflated: a little-endian number with 7 bits in each byte. */
function readBlock(data: Uint8Array, from: number, end: number): Block {
  let length = 0;
  for (let index = 0; index < 5 && from + index < end; index++) {
    const byte = data[from + index] as number;
    length += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return { start: from + index + 1, end, length };
  }
  throw new DamagedDataError("its snappy block has no length");
}

function findBlocks(data: Uint8Array): Block[] {
  if (!isXerial(data, 0)) return [readBlock(data, 0, data.length)];
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const blocks: Block[] = [];
  for (let at = XERIAL_HEADER_LENGTH; at < data.length;) {
    // Two streams, one put behind the other, are one stream as well.
    if (isXerial(data, at)) {
      at += XERIAL_HEADER_LENGTH;
      continue;
    }
    const start = at + 4;
    const end = start <= data.length ? start + view.getInt32(at) : -1;
    if (end < start || end > data.length) {
      throw new DamagedDataError("its snappy stream is truncated");
    }
    blocks.push(readBlock(data, start, end));
    at = end;
  }
  return blocks;
}

/** Inflates one block to exactly the length that it names. */
function inflateBlock(
  data: Uint8Array,
  block: Block,
  output: Uint8Array,
  outputStart: number,
): void {
  const { end } = block;
  const outputEnd = outputStart + block.length;
  let from = block.start;
  let to = outputStart;
  while (from < end) {
    const tag = data[from++] as number;
    const kind = tag & 3;
    let length = (tag >>> 2) + 1;
    let extra = kind === 3 ? 4 : kind;
    if (kind === 0) extra = Math.max(length - 60, 0);
    if (from + extra > end) {
      throw new DamagedDataError("its snappy block is truncated");
    }
    let number = 0;
    for (let index = 0; index < extra; index++) {
      number += (data[from + index] as number) * 2 ** (8 * index);
    }
    from += extra;
    if (kind === 0 && extra > 0) length = number + 1;
    if (kind === 1) {
      length = ((tag >>> 2) & 7) + 4;
      number += (tag >>> 5) << 8;
    }
    if (to + length > outputEnd) {
      throw new DamagedDataError(
        "its snappy block is longer than it says",
      );
    }
    if (kind === 0) {
      if (from + length > end) {
        throw new DamagedDataError("its snappy block is truncated");
      }
      copyLiteral(data, from, output, to, length);
      from += length;
    } else {
      if (number === 0 || number > to - outputStart) {
        throw new DamagedDataError(
          "its snappy block refers to what is not there",
        );
      }
      repeatBytes(output, to, number, length);
    }
    to += length;
  }
  if (to !== outputEnd) {
    throw new DamagedDataError("its snappy block is shorter than it says");
  }
}

function copyLiteral(
  data: Uint8Array,
  from: number,
  output: Uint8Array,
  to: number,
  length: number,
): void {
  if (length > 24) {
    output.set(data.subarray(from, from + length), to);
    return;
  }
  for (let index = 0; index < length; index++) {
    output[to + index] = data[from + index] as number;
  }
}

/**
 * Inflates Snappy, raw or framed.
 *
 * @param data The compressed data.
 * @param limit How much it may inflate to, in bytes.
 * @returns The inflated data.
 * @throws {DamagedDataError} If it isn't Snappy, is truncated, or contradicts itself.
 * @throws {InflateLimitError} If it says that it inflates to more; nothing is inflated then.
 */
export function inflateSnappy(
  data: Uint8Array,
  limit: number,
): Uint8Array<ArrayBuffer> {
  const blocks = findBlocks(data);
  const total = blocks.reduce((sum, { length }) => sum + length, 0);
  if (total > limit) throw new InflateLimitError(limit);
  const output = new Uint8Array(total);
  let at = 0;
  for (const block of blocks) {
    inflateBlock(data, block, output, at);
    at += block.length;
  }
  return output;
}
