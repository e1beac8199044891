/**
 * Reads Snappy as Kafka's clients write it: librdkafka's is one raw block, Java's is framed by snappy-java (xerial).
 *
 * The packages that read Snappy accept truncated data. This reader refuses everything that contradicts the format.
 *
 * @see {@link https://github.com/google/snappy/blob/main/format_description.txt}
 * @module
 */

import { DamagedDataError } from "./damage.ts";
import { GrowingOutput, type Source } from "./growing_output.ts";

/** The beginning of snappy-java's stream: 0x82, `SNAPPY`, 0. */
const XERIAL_MAGIC = [0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00];
/** The magic, the version and the oldest version that can read it, in bytes. */
const XERIAL_HEADER_LENGTH = 16;

function isXerial(data: Uint8Array): boolean {
  return data.length >= XERIAL_HEADER_LENGTH &&
    XERIAL_MAGIC.every((byte, index) => data[index] === byte);
}

/** Divides a stream into its blocks, each of which has its length in front. */
function* blocksOf(stream: Uint8Array): Generator<Uint8Array> {
  const view = new DataView(
    stream.buffer,
    stream.byteOffset,
    stream.byteLength,
  );
  for (let at = XERIAL_HEADER_LENGTH; at < stream.length;) {
    const start = at + 4;
    const end = start <= stream.length ? start + view.getInt32(at) : -1;
    if (end < start || end > stream.length) {
      throw new DamagedDataError("its snappy stream is truncated");
    }
    yield stream.subarray(start, end);
    at = end;
  }
}

/** Reads the length of what a block inflates to, which it begins with: a little-endian number with 7 bits in each byte. */
function readLength(block: Source): number {
  let length = 0;
  while (block.at < 5 && block.at < block.data.length) {
    const byte = block.data[block.at] as number;
    length += (byte & 0x7f) * 2 ** (7 * block.at++);
    if (byte < 0x80) return length;
  }
  throw new DamagedDataError("its snappy block has no length");
}

/** Inflates a block to exactly the length that it names. */
function inflateBlock(data: Uint8Array, output: GrowingOutput): void {
  const block: Source = { data, at: 0 };
  const { length: end } = data;
  const outputStart = output.length;
  const outputEnd = outputStart + readLength(block);
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
  const output = new GrowingOutput(data.length * 4, limitBytes);
  for (const block of isXerial(data) ? blocksOf(data) : [data]) {
    inflateBlock(block, output);
  }
  return output.finish();
}
