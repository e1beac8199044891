/**
 * Writes record batches (message format 2), each into one buffer.
 *
 * kafkajs writes each field of each record into a buffer of its own and joins them, which takes most of a busy producer's time. And
 * it keeps headers in an object, which loses their sequence and repeated names.
 *
 * @see {@link https://kafka.apache.org/documentation/#recordbatch}
 * @module
 */

import { Buffer } from "node:buffer";
import { gzipSync } from "node:zlib";
import { MAX_UNIT_BYTES } from "../../base/utf8.ts";
import type { OutgoingHeader } from "../../events/record.ts";
import type { OutgoingMessage } from "../message.ts";
import { crc32c } from "./crc32c.ts";
import { HEADER_OFFSETS, MAGIC, UNCOUNTED_LENGTH } from "./header_offsets.ts";

/** One record. */
export type OutgoingRecord = Omit<OutgoingMessage, "partition">;

/** Who writes the batch: the broker recognises by it what is sent twice. -1 in all three for a producer that is not idempotent. */
export interface BatchProducer {
  /** The id that the broker gave the producer. */
  readonly producerId: bigint;
  readonly producerEpoch: number;
  /** The number of the first record in the producer's count for the partition. */
  readonly firstSequence: number;
}

/** The codec's number among the attributes. */
const GZIP = 1;

interface Header {
  readonly name: Uint8Array;
  readonly value: Uint8Array | null;
}

const NO_HEADERS: readonly Header[] = [];

/** How many bytes a number takes at most as a varint. */
const VARINT_ROOM = 10;
/** How many numbers a record has besides those of its headers. */
const RECORD_NUMBERS = 7;

type Data = Uint8Array | string | null;

function bytesOf(data: Data): Uint8Array | null {
  return typeof data === "string" ? Buffer.from(data) : data;
}

function encodeHeader([name, value]: OutgoingHeader): Header {
  return { name: Buffer.from(name), value: bytesOf(value) };
}

/** How many bytes data takes at most. */
function dataRoom(data: Data = null): number {
  if (data === null) return 0;
  return typeof data === "string" ? MAX_UNIT_BYTES * data.length : data.length;
}

/** How many bytes a record takes at most. */
function roomFor({ key, value, headers = [] }: OutgoingRecord): number {
  let room = RECORD_NUMBERS * VARINT_ROOM + dataRoom(key) + dataRoom(value);
  for (const [name, value] of headers) {
    room += 2 * VARINT_ROOM + dataRoom(name) + dataRoom(value);
  }
  return room;
}

/** The length of a number as a zigzag varint (protobuf's sint64), in bytes. Exact up to 2^53. */
function varintLength(value: number): number {
  let rest = value < 0 ? -2 * value - 1 : 2 * value;
  let length = 1;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) length++;
  return length;
}

function dataLength(data: Uint8Array | null): number {
  return data === null
    ? varintLength(-1)
    : varintLength(data.length) + data.length;
}

class RecordWriter {
  readonly #bytes: Uint8Array;
  #at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  /** Where the records end. */
  get end(): number {
    return this.#at;
  }

  write(
    record: OutgoingRecord,
    { timestampDelta, offsetDelta }: {
      readonly timestampDelta: number;
      readonly offsetDelta: number;
    },
  ): void {
    const key = bytesOf(record.key ?? null);
    const value = bytesOf(record.value);
    const headers = record.headers?.map(encodeHeader) ?? NO_HEADERS;
    let length = 1 + varintLength(timestampDelta) + varintLength(offsetDelta) +
      dataLength(key) + dataLength(value) + varintLength(headers.length);
    for (const header of headers) {
      length += dataLength(header.name) + dataLength(header.value);
    }
    this.#varint(length);
    this.#bytes[this.#at++] = 0;
    this.#varint(timestampDelta);
    this.#varint(offsetDelta);
    this.#data(key);
    this.#data(value);
    this.#varint(headers.length);
    for (const header of headers) {
      this.#data(header.name);
      this.#data(header.value);
    }
  }

  #varint(value: number): void {
    let rest = value < 0 ? -2 * value - 1 : 2 * value;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) {
      this.#bytes[this.#at++] = (rest % 0x80) | 0x80;
    }
    this.#bytes[this.#at++] = rest;
  }

  #data(data: Uint8Array | null): void {
    if (data === null) return this.#varint(-1);
    this.#varint(data.length);
    this.#bytes.set(data, this.#at);
    this.#at += data.length;
  }
}

/** Writes a record batch of at least one record, not compressed. */
export function encodeRecordBatch(
  records: readonly OutgoingRecord[],
  producer: BatchProducer,
): Buffer {
  const now = Date.now();
  const firstTimestamp = records[0]?.timestamp ?? now;
  let maxTimestamp = firstTimestamp;
  let room = HEADER_OFFSETS.records;
  for (const record of records) room += roomFor(record);
  const bytes = Buffer.allocUnsafe(room);
  const writer = new RecordWriter(bytes, HEADER_OFFSETS.records);
  let offsetDelta = 0;
  for (const record of records) {
    const { timestamp = now } = record;
    if (timestamp > maxTimestamp) maxTimestamp = timestamp;
    const timestampDelta = timestamp - firstTimestamp;
    writer.write(record, { timestampDelta, offsetDelta: offsetDelta++ });
  }
  const batch = bytes.subarray(0, writer.end);
  const { length } = batch;
  const view = new DataView(batch.buffer, batch.byteOffset, length);
  // The broker sets the first offset and the leader's epoch: the checksum doesn't cover them.
  view.setBigInt64(HEADER_OFFSETS.firstOffset, 0n);
  view.setInt32(HEADER_OFFSETS.length, length - UNCOUNTED_LENGTH);
  view.setInt32(HEADER_OFFSETS.leaderEpoch, -1);
  view.setInt8(HEADER_OFFSETS.magic, MAGIC);
  view.setInt16(HEADER_OFFSETS.attributes, 0);
  view.setInt32(
    HEADER_OFFSETS.lastOffsetDelta,
    Math.max(records.length - 1, 0),
  );
  view.setBigInt64(HEADER_OFFSETS.firstTimestamp, BigInt(firstTimestamp));
  view.setBigInt64(HEADER_OFFSETS.maxTimestamp, BigInt(maxTimestamp));
  view.setBigInt64(HEADER_OFFSETS.producerId, producer.producerId);
  view.setInt16(HEADER_OFFSETS.producerEpoch, producer.producerEpoch);
  view.setInt32(HEADER_OFFSETS.firstSequence, producer.firstSequence);
  view.setInt32(HEADER_OFFSETS.recordCount, records.length);
  view.setUint32(
    HEADER_OFFSETS.checksum,
    crc32c(batch.subarray(HEADER_OFFSETS.attributes)),
  );
  return batch;
}

/** Compresses the records of a batch by gzip, unless that would not make them smaller. */
export function gzipRecordBatch(batch: Buffer): Buffer {
  const records = gzipSync(batch.subarray(HEADER_OFFSETS.records));
  if (records.length >= batch.length - HEADER_OFFSETS.records) return batch;
  const compressed = Buffer.concat([
    batch.subarray(0, HEADER_OFFSETS.records),
    records,
  ]);
  compressed.writeInt32BE(
    compressed.length - UNCOUNTED_LENGTH,
    HEADER_OFFSETS.length,
  );
  compressed.writeInt16BE(GZIP, HEADER_OFFSETS.attributes);
  const checksum = crc32c(compressed.subarray(HEADER_OFFSETS.attributes));
  compressed.writeUInt32BE(checksum, HEADER_OFFSETS.checksum);
  return compressed;
}
