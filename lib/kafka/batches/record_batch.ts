/**
 * Kafka's record batch (message format 2), written in one go.
 *
 * kafkajs writes each field of each record into a buffer of its own and joins them: most of the time of a busy producer goes
 * into that. And it has no null for a header's value, which the format has.
 *
 * @see {@link https://kafka.apache.org/documentation/#recordbatch}
 * @module
 */

import { Buffer } from "node:buffer";
import { gzipSync } from "node:zlib";
import { crc32c } from "./crc32c.ts";
import { AT, MAGIC, UNCOUNTED_LENGTH } from "./layout.ts";

/** Some bytes, or text that stands for its UTF-8. */
export type Bytes = Uint8Array | string;

/** What a record's headers may be: repeated ones are arrays. */
export type RecordHeaders = Readonly<
  Record<string, Bytes | null | undefined | readonly (Bytes | null)[]>
>;

/** One record. */
export interface OutgoingRecord {
  /** The key; none where it is null. */
  readonly key?: Bytes | null;
  /** The value; none where it is null. */
  readonly value: Bytes | null;
  /** Milliseconds since 1970 UTC; the moment of writing where there is none. */
  readonly timestamp?: string | number | undefined;
  /** The headers. */
  readonly headers?: RecordHeaders | undefined;
  /** How far behind the batch's first offset it is; its place in the batch where it is left out. */
  readonly offsetDelta?: number;
}

/** Who writes the batch, for a broker that knows doubles by it. -1 in all three: nobody in particular. */
export interface BatchProducer {
  /** The id that the broker gave the producer. */
  readonly producerId: bigint;
  /** Which life of that producer it is. */
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

interface Sized {
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly Header[];
  readonly timestampDelta: number;
  readonly offsetDelta: number;
  /** The length of the record behind its own length field. */
  readonly length: number;
}

const NO_HEADERS: readonly Header[] = [];

function bytesOf(data: Bytes): Uint8Array {
  return typeof data === "string" ? Buffer.from(data) : data;
}

function listHeaders(headers: RecordHeaders | undefined): readonly Header[] {
  if (!headers) return NO_HEADERS;
  return Object.entries(headers).flatMap(([key, values]) => {
    const name = bytesOf(key);
    const all = (Array.isArray(values) ? values : [values]) as readonly (
      | Bytes
      | null
      | undefined
    )[];
    return all.map((value) => ({
      name,
      value: value == null ? null : bytesOf(value),
    }));
  });
}

/** The length of a number as a zigzag varint (protobuf's sint64), in bytes. Exact up to 2^53. */
function varintLength(value: number): number {
  let rest = value < 0 ? -2 * value - 1 : 2 * value;
  let length = 1;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) length++;
  return length;
}

function writeVarint(out: Uint8Array, at: number, value: number): number {
  let rest = value < 0 ? -2 * value - 1 : 2 * value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) {
    out[at++] = (rest % 0x80) | 0x80;
  }
  out[at++] = rest;
  return at;
}

function dataLength(data: Uint8Array | null): number {
  return data === null
    ? varintLength(-1)
    : varintLength(data.length) + data.length;
}

function writeData(
  out: Uint8Array,
  at: number,
  data: Uint8Array | null,
): number {
  if (data === null) return writeVarint(out, at, -1);
  at = writeVarint(out, at, data.length);
  out.set(data, at);
  return at + data.length;
}

function sized(
  record: OutgoingRecord,
  offsetDelta: number,
  timestampDelta: number,
): Sized {
  const key = record.key == null ? null : bytesOf(record.key);
  const value = record.value === null ? null : bytesOf(record.value);
  const headers = listHeaders(record.headers);
  let length = 1 + varintLength(timestampDelta) + varintLength(offsetDelta) +
    dataLength(key) + dataLength(value) + varintLength(headers.length);
  for (const header of headers) {
    length += dataLength(header.name) + dataLength(header.value);
  }
  return { key, value, headers, timestampDelta, offsetDelta, length };
}

function writeRecord(out: Uint8Array, at: number, record: Sized): number {
  at = writeVarint(out, at, record.length);
  out[at++] = 0;
  at = writeVarint(out, at, record.timestampDelta);
  at = writeVarint(out, at, record.offsetDelta);
  at = writeData(out, at, record.key);
  at = writeData(out, at, record.value);
  at = writeVarint(out, at, record.headers.length);
  for (const { name, value } of record.headers) {
    at = writeData(out, at, name);
    at = writeData(out, at, value);
  }
  return at;
}

/**
 * Writes a record batch, not compressed.
 *
 * @param records The records, in their order; at least one.
 * @param producer Who writes it.
 * @returns The batch.
 */
export function encodeRecordBatch(
  records: readonly OutgoingRecord[],
  producer: BatchProducer,
): Buffer {
  const now = Date.now();
  const timeOf = ({ timestamp }: OutgoingRecord) =>
    timestamp === undefined ? now : Number(timestamp);
  const firstTimestamp = records[0] ? timeOf(records[0]) : now;
  let maxTimestamp = firstTimestamp;
  let length = AT.records;
  const parts = records.map((record, index) => {
    const timestamp = timeOf(record);
    if (timestamp > maxTimestamp) maxTimestamp = timestamp;
    const { offsetDelta = index } = record;
    const part = sized(record, offsetDelta, timestamp - firstTimestamp);
    length += varintLength(part.length) + part.length;
    return part;
  });
  const batch = Buffer.allocUnsafe(length);
  const view = new DataView(batch.buffer, batch.byteOffset, length);
  // The broker fills in the base offset and the leader's epoch; both lie before what the checksum covers.
  view.setBigInt64(AT.baseOffset, 0n);
  view.setInt32(AT.length, length - UNCOUNTED_LENGTH);
  view.setInt32(AT.leaderEpoch, -1);
  view.setInt8(AT.magic, MAGIC);
  view.setInt16(AT.attributes, 0);
  view.setInt32(AT.lastOffsetDelta, parts.at(-1)?.offsetDelta ?? 0);
  view.setBigInt64(AT.firstTimestamp, BigInt(firstTimestamp));
  view.setBigInt64(AT.maxTimestamp, BigInt(maxTimestamp));
  view.setBigInt64(AT.producerId, producer.producerId);
  view.setInt16(AT.producerEpoch, producer.producerEpoch);
  view.setInt32(AT.firstSequence, producer.firstSequence);
  view.setInt32(AT.recordCount, records.length);
  let at: number = AT.records;
  for (const part of parts) at = writeRecord(batch, at, part);
  view.setUint32(AT.checksum, crc32c(batch.subarray(AT.attributes)));
  return batch;
}

/**
 * Takes the records out of a batch.
 *
 * @param batch What {@linkcode encodeRecordBatch} wrote.
 * @returns The records: a view, not a copy.
 */
export function recordsOf(batch: Buffer): Buffer {
  return batch.subarray(AT.records);
}

/**
 * Compresses the records of a batch.
 *
 * @param batch What {@linkcode encodeRecordBatch} wrote.
 * @returns The same batch, its records compressed by gzip.
 */
export function gzipRecordBatch(batch: Buffer): Buffer {
  const records = gzipSync(recordsOf(batch));
  const compressed = Buffer.concat([batch.subarray(0, AT.records), records]);
  compressed.writeInt32BE(compressed.length - UNCOUNTED_LENGTH, AT.length);
  compressed.writeInt16BE(GZIP, AT.attributes);
  const checksum = crc32c(compressed.subarray(AT.attributes));
  compressed.writeUInt32BE(checksum, AT.checksum);
  return compressed;
}
