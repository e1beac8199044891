/**
 * Reads LZ4 frames, as every Kafka client writes them since message format 2.
 *
 * The packages that read LZ4 without native code check no lengths, and allocate whatever a frame asks for. This reader refuses
 * everything that contradicts the format. It leaves checksums to the batch, whose own covers every byte.
 *
 * @see {@link https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md}
 * @module
 */

import { DamagedDataError } from "./damage.ts";
import { GrowingOutput, type Source } from "./growing_output.ts";

const FRAME_MAGIC = 0x184d2204;
/** Frames of the 16 magics from here on hold no data. */
const SKIPPABLE_MAGIC = 0x184d2a50;
/** The longest block by the code in the frame's header, in bytes. */
const BLOCK_LENGTHS: Readonly<Record<number, number>> = {
  4: 1 << 16,
  5: 1 << 18,
  6: 1 << 20,
  7: 1 << 22,
};
/** What the bits of the header's first byte stand for. */
const FLAG = {
  independentBlocks: 0x20,
  blockChecksums: 0x10,
  contentLength: 0x08,
  contentChecksum: 0x04,
  dictionary: 0x01,
} as const;
const STORED = 0x8000_0000;
/** The length of a checksum, in bytes. */
const CHECKSUM_LENGTH = 4;
const MIN_MATCH = 4;

function truncated(): DamagedDataError {
  return new DamagedDataError("its lz4 frame is truncated");
}

class Reader {
  readonly data: Uint8Array;
  readonly #view: DataView;
  at = 0;

  constructor(data: Uint8Array) {
    this.data = data;
    this.#view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  }

  take(length: number): number {
    const from = this.at;
    if (from + length > this.data.length) throw truncated();
    this.at += length;
    return from;
  }

  uint8(): number {
    return this.#view.getUint8(this.take(1));
  }

  uint32(): number {
    return this.#view.getUint32(this.take(4), true);
  }

  uint64(): bigint {
    return this.#view.getBigUint64(this.take(8), true);
  }
}

/** A block, and the bounds of what it inflates to. */
interface Block extends Source {
  readonly end: number;
  /** Where what it inflates to ends at the latest. */
  readonly outputEnd: number;
  /** How far back it may refer. */
  readonly historyStart: number;
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
  const { data, end, outputEnd, historyStart } = block;
  const checkRoom = (length: number) => {
    if (output.length + length > outputEnd) {
      throw new DamagedDataError("its lz4 block is longer than it may be");
    }
  };
  while (block.at < end) {
    const token = data[block.at++] as number;
    const literals = readLength(block, token >>> 4);
    if (block.at + literals > end) throw truncated();
    checkRoom(literals);
    output.append(block, literals);
    // Only the last sequence of a block has no match.
    if (block.at === end) return;
    if (block.at + 2 > end) throw truncated();
    const offset = (data[block.at] as number) |
      ((data[block.at + 1] as number) << 8);
    block.at += 2;
    const length = readLength(block, token & 15) + MIN_MATCH;
    if (offset === 0 || offset > output.length - historyStart) {
      throw new DamagedDataError("its lz4 block refers to what is not there");
    }
    checkRoom(length);
    output.repeat(offset, length);
  }
  throw truncated();
}

function inflateFrame(reader: Reader, output: GrowingOutput): void {
  const flags = reader.uint8();
  const maxBlockLength = BLOCK_LENGTHS[(reader.uint8() >>> 4) & 7];
  if (flags >>> 6 !== 1) {
    throw new DamagedDataError("its lz4 frame is of an unknown version");
  }
  const contentLength = flags & FLAG.contentLength
    ? reader.uint64()
    : undefined;
  if (flags & FLAG.dictionary) {
    throw new DamagedDataError("its lz4 frame needs a dictionary");
  }
  // The header's checksum.
  reader.uint8();
  if (maxBlockLength === undefined) {
    throw new DamagedDataError("its lz4 frame has blocks of an unknown size");
  }
  const frameStart = output.length;
  for (;;) {
    const size = reader.uint32();
    if (size === 0) break;
    const length = size & ~STORED;
    if (length > maxBlockLength) {
      throw new DamagedDataError("its lz4 block is longer than it may be");
    }
    const start = reader.take(length);
    if (flags & FLAG.blockChecksums) reader.take(CHECKSUM_LENGTH);
    const block: Block = {
      data: reader.data,
      at: start,
      end: start + length,
      outputEnd: output.length + maxBlockLength,
      historyStart: flags & FLAG.independentBlocks ? output.length : frameStart,
    };
    if (size >= STORED) output.append(block, length);
    else inflateBlock(block, output);
  }
  if (flags & FLAG.contentChecksum) reader.take(CHECKSUM_LENGTH);
  if (
    contentLength !== undefined &&
    contentLength !== BigInt(output.length - frameStart)
  ) {
    throw new DamagedDataError(
      "its lz4 frame is not as long as its header says",
    );
  }
}

/** Inflates LZ4 frames. */
export function inflateLz4(
  data: Uint8Array,
  limit: number,
): Uint8Array<ArrayBuffer> {
  const reader = new Reader(data);
  const output = new GrowingOutput(data.length * 4, limit);
  do {
    const magic = reader.uint32();
    if (magic === FRAME_MAGIC) {
      inflateFrame(reader, output);
    } else if ((magic & ~0xf) >>> 0 === SKIPPABLE_MAGIC) {
      reader.take(reader.uint32());
    } else {
      throw new DamagedDataError("it doesn't begin as an lz4 frame does");
    }
  } while (reader.at < data.length);
  return output.finish();
}
