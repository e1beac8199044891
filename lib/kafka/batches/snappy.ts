/**
 * Reads Snappy as Kafka's clients write it: librdkafka's is one raw block, Java's is framed by snappy-java (xerial).
 *
 * The packages that read Snappy accept truncated data. This reader refuses everything that contradicts the format.
 *
 * @see {@link https://github.com/google/snappy/blob/main/format_description.txt}
 * @module
 */

import { DamagedDataError, InflateLimitError } from "./damage.ts";
import { GrowingOutput, type Source } from "./growing_output.ts";

/** The beginning of snappy-java's stream: 0x82, `SNAPPY`, 0. */
const XERIAL_MAGIC = [0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00];
/** The magic, the version and the oldest version that can read it, in bytes. */
const XERIAL_HEADER_LENGTH = 16;

interface Block extends Source {
  readonly end: number;
  /** The length of what it inflates to, in bytes. */
  readonly length: number;
}

function isXerial(data: Uint8Array, at: number): boolean {
  return data.length >= at + XERIAL_HEADER_LENGTH &&
    XERIAL_MAGIC.every((byte, index) => data[at + index] === byte);
}

/** Reads the length of what a block inflates to, which it begins with: a little-endian number with 7 bits in each byte. */
function readBlock(
  data: Uint8Array,
  { start, end }: { readonly start: number; readonly end: number },
): Block {
  let length = 0;
  for (let index = 0; index < 5 && start + index < end; index++) {
    const byte = data[start + index] as number;
    length += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return { data, at: start + index + 1, end, length };
  }
  throw new DamagedDataError("its snappy block has no length");
}

function findBlocks(data: Uint8Array): Block[] {
  if (!isXerial(data, 0)) {
    return [readBlock(data, { start: 0, end: data.length })];
  }
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const blocks: Block[] = [];
  for (let at = XERIAL_HEADER_LENGTH; at < data.length;) {
    // Two streams, one after the other, are one stream as well.
    if (isXerial(data, at)) {
      at += XERIAL_HEADER_LENGTH;
      continue;
    }
    const start = at + 4;
    const end = start <= data.length ? start + view.getInt32(at) : -1;
    if (end < start || end > data.length) {
      throw new DamagedDataError("its snappy stream is truncated");
    }
    blocks.push(readBlock(data, { start, end }));
    at = end;
  }
  return blocks;
}

/** Inflates a block to exactly the length that it names. */
function inflateBlock(block: Block, output: GrowingOutput): void {
  const { data, end } = block;
  const outputStart = output.length;
  const outputEnd = outputStart + block.length;
  while (block.at < end) {
    const tag = data[block.at++] as number;
    const kind = tag & 3;
    let length = (tag >>> 2) + 1;
    let extra = kind === 3 ? 4 : kind;
    if (kind === 0) extra = Math.max(length - 60, 0);
    if (block.at + extra > end) {
      throw new DamagedDataError("its snappy block is truncated");
    }
    let number = 0;
    for (let index = 0; index < extra; index++) {
      number += (data[block.at + index] as number) * 2 ** (8 * index);
    }
    block.at += extra;
    if (kind === 0 && extra > 0) length = number + 1;
    if (kind === 1) {
      length = ((tag >>> 2) & 7) + 4;
      number += (tag >>> 5) << 8;
    }
    if (output.length + length > outputEnd) {
      throw new DamagedDataError("its snappy block is longer than it says");
    }
    if (kind === 0) {
      if (block.at + length > end) {
        throw new DamagedDataError("its snappy block is truncated");
      }
      output.append(block, length);
    } else {
      if (number === 0 || number > output.length - outputStart) {
        throw new DamagedDataError(
          "its snappy block refers to what is not there",
        );
      }
      output.repeat(number, length);
    }
  }
  if (output.length !== outputEnd) {
    throw new DamagedDataError("its snappy block is shorter than it says");
  }
}

/** Inflates Snappy, raw or framed. */
export function inflateSnappy(
  data: Uint8Array,
  limitBytes: number,
): Uint8Array<ArrayBuffer> {
  const blocks = findBlocks(data);
  const totalBytes = blocks.reduce((sum, { length }) => sum + length, 0);
  if (totalBytes > limitBytes) throw new InflateLimitError(limitBytes);
  const output = new GrowingOutput(totalBytes, totalBytes);
  for (const block of blocks) inflateBlock(block, output);
  return output.finish();
}
