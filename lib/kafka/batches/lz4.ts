/**
 * Reads LZ4 frames, as every Kafka client writes them since message format 2: one frame for each batch.
 *
 * The packages that read LZ4 without native code check no lengths, and allocate whatever a frame asks for. This reader refuses what
 * leads out of the data. It leaves checksums to the batch, whose own covers every byte.
 *
 * @see {@link https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md}
 * @module
 */

import { DamagedDataError } from "./damage.ts";
import { GrowingOutput, type Source } from "./growing_output.ts";

const FRAME_MAGIC = 0x184d2204;
/** What the bits of the header's first byte stand for. */
const FLAG = {
  blockChecksums: 0x10,
  contentLength: 0x08,
  contentChecksum: 0x04,
} as const;
const STORED = 0x8000_0000;
const MIN_MATCH = 4;

function truncated(): DamagedDataError {
  return new DamagedDataError("its lz4 frame is truncated");
}

class Reader {
  readonly #view: DataView;
  #at = 0;

  constructor(data: Uint8Array) {
    this.#view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  }

  take(length: number): number {
    const from = this.#at;
    if (from + length > this.#view.byteLength) throw truncated();
    this.#at += length;
    return from;
  }

  uint8(): number {
    return this.#view.getUint8(this.take(1));
  }

  uint32(): number {
    return this.#view.getUint32(this.take(4), true);
  }
}

interface Block extends Source {
  readonly end: number;
}

/** Reads a length: 15 means that more bytes follow, and each 255 that another one does. */
function readLength(block: Block, first: number): number {
  let length = first;
  if (first < 15) return length;
  for (;;) {
    if (block.at >= block.end) throw truncated();
    const byte = block.data[block.at++] as number;
    length += byte;
    if (byte < 255) return length;
  }
}

function inflateBlock(block: Block, output: GrowingOutput): void {
  const { data, end } = block;
  while (block.at < end) {
    const token = data[block.at++] as number;
    const literals = readLength(block, token >>> 4);
    if (block.at + literals > end) throw truncated();
    output.append(block, literals);
    // Only the last sequence of a block has no match.
    if (block.at === end) return;
    if (block.at + 2 > end) throw truncated();
    const offset = (data[block.at] as number) |
      ((data[block.at + 1] as number) << 8);
    block.at += 2;
    const length = readLength(block, token & 15) + MIN_MATCH;
    if (offset === 0 || offset > output.length) {
      throw new DamagedDataError("its lz4 block refers to what is not there");
    }
    output.repeat(offset, length);
  }
  throw truncated();
}

/** Inflates an LZ4 frame. */
export function inflateLz4(
  data: Uint8Array,
  limit: number,
): Uint8Array<ArrayBuffer> {
  const reader = new Reader(data);
  if (reader.uint32() !== FRAME_MAGIC) {
    throw new DamagedDataError("it doesn't begin as an lz4 frame does");
  }
  const flags = reader.uint8();
  if (flags >>> 6 !== 1) {
    throw new DamagedDataError("its lz4 frame is of an unknown version");
  }
  // The size of blocks, and the header's checksum.
  reader.take(flags & FLAG.contentLength ? 10 : 2);
  const output = new GrowingOutput(data.length * 4, limit);
  for (;;) {
    const size = reader.uint32();
    if (size === 0) break;
    const length = size & ~STORED;
    const at = reader.take(length);
    const block: Block = { data, at, end: at + length };
    if (size >= STORED) output.append(block, length);
    else inflateBlock(block, output);
    if (flags & FLAG.blockChecksums) reader.take(4);
  }
  if (flags & FLAG.contentChecksum) reader.take(4);
  return output.finish();
}
