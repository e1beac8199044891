/**
 * Record batches as bytes: crafted ones sent to a broker, and those that it returns, past every client.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { readPieces } from "../../lib/kafka/batches/record_set.ts";
import { crc32c } from "../../lib/kafka/batches/crc32c.ts";
import type { Message } from "../../lib/kafka/message.ts";
import { addressOf } from "../../lib/kafka/probe.ts";
import type { Config } from "../../lib/settings/config.ts";

const PRODUCE = 0;
const FETCH = 1;
const FETCH_BYTES = 50_000_000;

/** A record, with whatever numbers a test wants. */
export interface CraftedRecord {
  /** The key. */
  readonly key?: Uint8Array | string | null;
  /** The value. */
  readonly value?: Uint8Array | string | null;
  /** The headers. */
  readonly headers?: readonly (readonly [string, string | null])[];
  /** How far its offset is from the batch's. @default Its place in the batch. */
  readonly offsetDelta?: number | bigint;
  /** How far its time is from the batch's, in milliseconds. @default {0} */
  readonly timestampDelta?: number | bigint;
}

/** A record batch, with whatever header a test wants. */
export interface CraftedBatch {
  /** The records, or their bytes, compressed if the attributes say so. */
  readonly records: readonly CraftedRecord[] | Uint8Array;
  /** The offset of the first record. A broker overwrites it. @default {0} */
  readonly firstOffset?: number | bigint;
  /** How many records the header tells of. @default As many as there are. */
  readonly count?: number;
  /** How far the last offset is from the first. @default One less than the count. */
  readonly lastOffsetDelta?: number;
  /** Codec, timestamp type, transactional and control bit. @default {0} */
  readonly attributes?: number;
  /** @default {-1} */
  readonly producerId?: number | bigint;
  /** In milliseconds since 1970 UTC. @default Now. */
  readonly firstTimestamp?: number;
  /** In milliseconds since 1970 UTC. @default The first timestamp. */
  readonly maxTimestamp?: number;
  /** Message format. @default {2} */
  readonly magic?: number;
  /** Whether the checksum is wrong. @default {false} */
  readonly spoilt?: boolean;
}

/** Writes a zigzag varint. */
export function varint(value: number | bigint): Uint8Array {
  const long = BigInt(value);
  let rest = BigInt.asUintN(64, (long << 1n) ^ (long >> 63n));
  const bytes: number[] = [];
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Uint8Array.from([...bytes, Number(rest)]);
}

function data(value: Uint8Array | string | null | undefined): Uint8Array {
  if (value == null) return varint(-1);
  const bytes = Buffer.from(value as string);
  return Buffer.concat([varint(bytes.length), bytes]);
}

/**
 * Writes records.
 *
 * @param records The records.
 * @returns Their bytes, not compressed.
 */
export function craftRecords(records: readonly CraftedRecord[]): Buffer {
  return Buffer.concat(records.flatMap((record, index) => {
    const { headers = [], offsetDelta = index, timestampDelta = 0 } = record;
    const body = Buffer.concat([
      Uint8Array.of(0),
      varint(timestampDelta),
      varint(offsetDelta),
      data(record.key),
      data(record.value),
      varint(headers.length),
      ...headers.flatMap(([name, value]) => [data(name), data(value)]),
    ]);
    return [varint(body.length), body];
  }));
}

/**
 * Writes records without key, value and headers, quickly.
 *
 * @param count How many, up to 2^20.
 * @returns Their bytes.
 */
export function craftEmptyRecords(count: number): Buffer {
  const bytes = Buffer.alloc(9 * count);
  let at = 0;
  for (let offsetDelta = 0; offsetDelta < count; offsetDelta++) {
    const zigzag = 2 * offsetDelta;
    const length = zigzag < 0x80 ? 1 : zigzag < 0x4000 ? 2 : 3;
    bytes[at] = 2 * (5 + length);
    at += 3;
    for (let n = 0; n < length; n++) {
      const more = n < length - 1 ? 0x80 : 0;
      bytes[at++] = (zigzag >>> (7 * n)) & 0x7f | more;
    }
    bytes.set([1, 1, 0], at);
    at += 3;
  }
  return bytes.subarray(0, at);
}

/**
 * Writes a record batch.
 *
 * @param batch The batch.
 * @returns Its bytes.
 */
export function craftBatch(batch: CraftedBatch): Buffer {
  const records = batch.records instanceof Uint8Array
    ? batch.records
    : craftRecords(batch.records);
  const { count = batch.records.length } = batch;
  const { firstTimestamp = Date.now() } = batch;
  const bytes = Buffer.alloc(61 + records.length);
  bytes.writeBigInt64BE(BigInt(batch.firstOffset ?? 0), 0);
  bytes.writeInt32BE(bytes.length - 12, 8);
  bytes.writeInt32BE(-1, 12);
  bytes.writeInt8(batch.magic ?? 2, 16);
  bytes.writeInt16BE(batch.attributes ?? 0, 21);
  bytes.writeInt32BE(batch.lastOffsetDelta ?? count - 1, 23);
  bytes.writeBigInt64BE(BigInt(firstTimestamp), 27);
  bytes.writeBigInt64BE(BigInt(batch.maxTimestamp ?? firstTimestamp), 35);
  bytes.writeBigInt64BE(BigInt(batch.producerId ?? -1), 43);
  bytes.writeInt16BE(-1, 51);
  bytes.writeInt32BE(-1, 53);
  bytes.writeInt32BE(count, 57);
  bytes.set(records, 61);
  const checksum = crc32c(bytes.subarray(21)) ^ (batch.spoilt ? 1 : 0);
  bytes.writeUInt32BE(checksum >>> 0, 17);
  return bytes;
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function text(value: string): Buffer {
  return Buffer.concat([int16(Buffer.byteLength(value)), Buffer.from(value)]);
}

/** Sends one request on a connection of its own, and returns what follows the answer's correlation id. */
async function request(
  config: Config,
  api: { readonly key: number; readonly version: number },
  body: Uint8Array,
): Promise<Buffer> {
  const { host, port } = addressOf(config.brokers[0] ?? "");
  using connection = await Deno.connect({ hostname: host, port });
  const message = Buffer.concat([
    int16(api.key),
    int16(api.version),
    int32(1),
    text("test"),
    body,
  ]);
  const writer = connection.writable.getWriter();
  await writer.write(Buffer.concat([int32(message.length), message]));
  const chunks: Uint8Array[] = [];
  for await (const chunk of connection.readable) {
    chunks.push(chunk);
    const bytes = Buffer.concat(chunks);
    if (bytes.length >= 4 && bytes.length >= 4 + bytes.readInt32BE(0)) {
      return bytes.subarray(8);
    }
  }
  throw new Error("The broker closed the connection");
}

/**
 * Sends a record batch as it is.
 *
 * @param config Where the broker is.
 * @param to The topic, and the partition: 0 by default.
 * @param batch The batch.
 * @returns The offset that the broker gave it.
 * @throws {Error} If the broker refuses it.
 */
export async function produceRaw(
  config: Config,
  to: { readonly topic: string; readonly partition?: number },
  batch: Uint8Array,
): Promise<bigint> {
  const { topic, partition = 0 } = to;
  const answer = await request(
    config,
    { key: PRODUCE, version: 3 },
    Buffer.concat([
      int16(-1),
      int16(-1),
      int32(10_000),
      int32(1),
      text(topic),
      int32(1),
      int32(partition),
      int32(batch.length),
      batch,
    ]),
  );
  const at = 4 + 2 + Buffer.byteLength(topic) + 4 + 4;
  const code = answer.readInt16BE(at);
  if (code !== 0) throw new Error(`The broker refuses the batch: ${code}`);
  return answer.readBigInt64BE(at + 2);
}

/**
 * Fetches a partition's record batches from its start.
 *
 * @param config Where the broker is.
 * @param from The topic, and the partition: 0 by default.
 * @returns The batches in bytes.
 */
export async function fetchRaw(
  config: Config,
  from: { readonly topic: string; readonly partition?: number },
): Promise<Buffer[]> {
  const { topic, partition = 0 } = from;
  const answer = await request(
    config,
    // Kafka 3.9 refuses the versions before where a topic is to be compressed by zstd.
    { key: FETCH, version: 10 },
    Buffer.concat([
      int32(-1),
      int32(500),
      int32(1),
      int32(FETCH_BYTES),
      Uint8Array.of(0),
      int32(0),
      int32(-1),
      int32(1),
      text(topic),
      int32(1),
      int32(partition),
      int32(-1),
      Buffer.alloc(8 + 8),
      int32(FETCH_BYTES),
      int32(0),
    ]),
  );
  let at = 4 + 2 + 4 + 4 + 2 + Buffer.byteLength(topic) + 4 + 4 + 2 + 3 * 8;
  at += 4 + 16 * Math.max(answer.readInt32BE(at), 0);
  const batches: Buffer[] = [];
  for (at += 4; at + 12 <= answer.length;) {
    const end = at + 12 + answer.readInt32BE(at + 8);
    batches.push(answer.subarray(at, end));
    at = end;
  }
  return batches;
}

/**
 * Reads a partition's messages from its start.
 *
 * @param config Where the broker is.
 * @param from The topic and the partition.
 * @returns The messages; those of transactions too, whatever became of them.
 */
export async function readMessages(
  config: Config,
  from: { readonly topic: string; readonly partition: number },
): Promise<Message[]> {
  const pieces = readPieces({
    bytes: Buffer.concat(await fetchRaw(config, from)),
    fetchedOffset: 0n,
    highWatermark: 2n ** 63n,
    abortedTransactions: [],
  }, 10_000);
  return [...pieces].flatMap(({ messages }) => messages);
}
