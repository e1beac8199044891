/**
 * Reads the record batches that a fetch returned for one partition: checks and inflates them one at a time, leaves out what was
 * rolled back, and turns a batch that can't be read into one message that stands for it.
 *
 * kafkajs inflates without a limit (kafkajs issue 1795), checks no checksum, never gets past a batch that compaction has emptied
 * (issue 1072), and mistakes rolled-back transactions for committed ones.
 *
 * @see {@link https://kafka.apache.org/documentation/#recordbatch}
 * @module
 */

import { Buffer } from "node:buffer";
import type { Message } from "../message.ts";
import { crc32c } from "./crc32c.ts";
import { DamagedDataError } from "./damage.ts";
import { HEADER_OFFSETS, MAGIC, UNCOUNTED_LENGTH } from "./header_offsets.ts";
import { codecName, inflate } from "./inflate.ts";
import { RecordReader, type RecordsInfo } from "./record_reader.ts";

/**
 * How much one record batch may inflate to, in bytes: 64 MiB. That is 64 times the size of a batch that a broker accepts by
 * default (`message.max.bytes`, 1 MiB), and twice the memory that a Java producer has for all its batches (`buffer.memory`).
 */
export const MAX_BATCH_BYTES = 64 * 1024 * 1024;

/** How many records a batch may have. */
export const MAX_BATCH_RECORDS = 1_000_000;

/** How many records and headers are read at a time, about: each takes some hundred bytes of memory besides its own. */
const PART_OBJECTS = 10_000;
/** How many bytes of records a piece has, about. */
const PIECE_BYTES = 8 * 1024 * 1024;

const TIMESTAMP_TYPE_BIT = 0x08;
const TRANSACTIONAL_BIT = 0x10;
const CONTROL_BIT = 0x20;
const CODEC_BITS = 0x07;
/** The type of a control record that ends a rolled-back transaction. */
const ABORT_TYPE = 0;

/** A transaction that was rolled back. */
export interface AbortedTransaction {
  readonly producerId: bigint;
  /** The offset of its first message. */
  readonly firstOffset: bigint;
}

/** What a fetch returned for a partition. */
export interface RecordSet {
  /** The record batches, one after the other. The last one may be cut off. */
  readonly bytes: Buffer;
  /** The offset that was asked for: the first batch may begin before it. */
  readonly fetchedOffset: bigint;
  /** The offset after the last message that is replicated: no batch goes beyond it. */
  readonly highWatermark: bigint;
  /** The rolled-back transactions that messages in it belong to. */
  readonly abortedTransactions: readonly AbortedTransaction[];
}

/** Some messages of a partition, in their sequence. */
export interface Piece {
  /** The messages; none if there was nothing but control records, rolled-back messages or emptied batches. */
  readonly messages: readonly Message[];
  /** Where reading goes on after them. */
  readonly nextOffset: bigint;
}

interface Batch extends RecordsInfo {
  readonly oldFormat?: undefined;
  /** The batch in bytes, header included. */
  readonly bytes: Buffer;
  readonly attributes: number;
  readonly producerId: bigint;
  readonly lastOffset: bigint;
}

/** A message of format 0 or 1, which the clients of Kafka 0.10 and before wrote. */
interface OldMessage {
  readonly bytes: Buffer;
  readonly oldFormat: number;
  readonly lastOffset: bigint;
}

/** Reads the header at a place; undefined if what follows is cut off, as the last batch of a fetch may be. */
function readHeader(
  set: Buffer,
  start: number,
): Batch | OldMessage | undefined {
  const at = HEADER_OFFSETS;
  if (start + at.checksum > set.length) return undefined;
  const end = start + UNCOUNTED_LENGTH + set.readInt32BE(start + at.length);
  const magic = set.readInt8(start + at.magic);
  if (end < start + (magic < MAGIC ? at.attributes : at.records)) {
    return undefined;
  }
  if (end > set.length) return undefined;
  const bytes = set.subarray(start, end);
  const firstOffset = bytes.readBigInt64BE(at.firstOffset);
  if (magic < MAGIC) {
    return { bytes, oldFormat: magic, lastOffset: firstOffset };
  }
  const attributes = bytes.readInt16BE(at.attributes);
  const lastOffsetDelta = bytes.readInt32BE(at.lastOffsetDelta);
  return {
    bytes,
    attributes,
    producerId: bytes.readBigInt64BE(at.producerId),
    firstOffset,
    lastOffsetDelta,
    lastOffset: firstOffset + BigInt(lastOffsetDelta),
    count: bytes.readInt32BE(at.recordCount),
    firstTimestamp: Number(bytes.readBigInt64BE(at.firstTimestamp)),
    appendedAt: attributes & TIMESTAMP_TYPE_BIT
      ? Number(bytes.readBigInt64BE(at.maxTimestamp))
      : undefined,
  };
}

/** Tells which transactional batches were rolled back, as the Java client does: by producer, from first offset to marker. */
class AbortedProducers {
  readonly #transactions: readonly AbortedTransaction[];
  #begun = 0;
  readonly #open = new Set<bigint>();

  constructor(transactions: readonly AbortedTransaction[]) {
    this.#transactions = transactions.toSorted((a, b) =>
      a.firstOffset < b.firstOffset ? -1 : 1
    );
  }

  /** Whether a batch's messages were rolled back. Each batch has to be asked about, in their sequence. */
  includes({ attributes, producerId, lastOffset }: Batch): boolean {
    for (;; this.#begun++) {
      const next = this.#transactions[this.#begun];
      if (!next || next.firstOffset > lastOffset) break;
      this.#open.add(next.producerId);
    }
    return (attributes & TRANSACTIONAL_BIT) !== 0 &&
      this.#open.has(producerId);
  }

  end(producerId: bigint): void {
    this.#open.delete(producerId);
  }
}

/** Checks a batch's header against its checksum and the limits. */
function checkHeader({ bytes, count }: Batch): void {
  const checksum = bytes.readUInt32BE(HEADER_OFFSETS.checksum);
  if (crc32c(bytes.subarray(HEADER_OFFSETS.attributes)) !== checksum) {
    throw new DamagedDataError("it fails its checksum");
  }
  if (count < 0 || count > MAX_BATCH_RECORDS) {
    throw new DamagedDataError(
      `its header tells of ${count} records, and the limit is ${MAX_BATCH_RECORDS}`,
    );
  }
}

function inflateRecords({ bytes, attributes }: Batch): Uint8Array {
  const records = bytes.subarray(HEADER_OFFSETS.records);
  const codec = attributes & CODEC_BITS;
  return codec === 0
    ? records
    : inflate(records, { codec, limitBytes: MAX_BATCH_BYTES });
}

interface Part {
  readonly messages: readonly Message[];
  /** How many bytes are kept in memory for it. */
  readonly bytes: number;
}

/** Reads a batch in parts. Damage is found before the first of them is returned. */
function* readBatch(
  batch: Batch,
  aborted: AbortedProducers,
): Generator<Part> {
  checkHeader(batch);
  const isAborted = aborted.includes(batch);
  if (batch.attributes & CONTROL_BIT) {
    if (isAbortMarker(batch)) aborted.end(batch.producerId);
    return;
  }
  if (isAborted || batch.count === 0) return;
  const records = inflateRecords(batch);
  const reader = new RecordReader(records, batch);
  const first = reader.read(PART_OBJECTS);
  if (!reader.done) {
    const rest = new RecordReader(records, batch);
    while (!rest.done) rest.read(PART_OBJECTS);
  }
  yield { messages: first, bytes: records.length };
  while (!reader.done) {
    yield { messages: reader.read(PART_OBJECTS), bytes: 0 };
  }
}

/** Whether a control batch ends a rolled-back transaction: the second field of its record's key says so. */
function isAbortMarker(batch: Batch): boolean {
  const [marker] = new RecordReader(inflateRecords(batch), batch).read(1);
  const { key = null } = marker ?? {};
  return key !== null && key.length >= 4 &&
    Buffer.from(key).readInt16BE(2) === ABORT_TYPE;
}

/** Makes the message that stands for a batch that can't be read. Its header may be damaged too: the time is not to be trusted. */
function damagedMessage(
  batch: Batch | OldMessage,
  reason: string,
): Message {
  const { bytes, lastOffset } = batch;
  const isOld = batch.oldFormat !== undefined;
  const codec = isOld ? 0 : batch.attributes & CODEC_BITS;
  return {
    offset: String(lastOffset),
    timestamp: -1,
    key: null,
    value: isOld ? bytes : bytes.subarray(HEADER_OFFSETS.records),
    headers: [],
    damaged: {
      codec: codecName(codec),
      reason,
      firstOffset: String(isOld ? lastOffset : batch.firstOffset),
    },
  };
}

/**
 * Reads the messages of a record set, some at a time: a batch is inflated only when its turn comes.
 *
 * Messages before the offset that was asked for are left out, and so are control records and rolled-back messages. A batch that can't be
 * read becomes one message that is {@linkcode Message.damaged}, and the set ends after it: if it was a control batch, it is unknown which
 * of the messages after it were rolled back, and the next fetch tells.
 *
 * @param pieceObjects How many records and headers a piece has; a batch of up to {@linkcode PART_OBJECTS} is not divided.
 * @returns The messages in pieces. The last piece ends after the last whole batch, whatever that was. There is no piece if reading can't
 * go on with this set.
 */
export function* readPieces(
  set: RecordSet,
  pieceObjects: number,
): Generator<Piece> {
  const { bytes: source, fetchedOffset, highWatermark } = set;
  const aborted = new AbortedProducers(set.abortedTransactions);
  let messages: Message[] = [];
  let objects = 0;
  let bytes = 0;
  let nextOffset = fetchedOffset;
  let endOfPiece = fetchedOffset;
  const takePiece = (): Piece => {
    const piece = { messages, nextOffset: endOfPiece = nextOffset };
    messages = [];
    objects = bytes = 0;
    return piece;
  };
  for (let at = 0, damaged = false; !damaged;) {
    const batch = readHeader(source, at);
    if (!batch || batch.lastOffset >= highWatermark) break;
    at += batch.bytes.length;
    if (batch.lastOffset < nextOffset) continue;
    try {
      if (batch.oldFormat !== undefined) {
        throw new DamagedDataError(
          `message format ${batch.oldFormat} is not supported`,
        );
      }
      for (const part of readBatch(batch, aborted)) {
        const isWhole = batch.firstOffset >= nextOffset;
        for (const message of part.messages) {
          if (!isWhole && BigInt(message.offset) < fetchedOffset) continue;
          messages.push(message);
          objects += 1 + message.headers.length;
        }
        bytes += part.bytes;
        if (objects < pieceObjects && bytes < PIECE_BYTES) continue;
        const last = messages.at(-1);
        if (!last) continue;
        nextOffset = BigInt(last.offset) + 1n;
        yield takePiece();
      }
    } catch (error) {
      if (!(error instanceof DamagedDataError)) throw error;
      messages.push(damagedMessage(batch, error.message));
      damaged = true;
    }
    nextOffset = batch.lastOffset + 1n;
  }
  if (nextOffset > endOfPiece) yield takePiece();
}
