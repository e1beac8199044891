/**
 * How kafkajs reads one record of a batch.
 *
 * @module
 */

import type { Buffer } from "node:buffer";
import { replaceModule } from "./replace_module.ts";

/** What kafkajs reads bytes with; here it holds one record. */
interface RecordBytes {
  readonly buffer: Buffer;
}

/** What the batch says of all its records. */
interface BatchContext {
  readonly firstOffset: string;
  readonly firstTimestamp: string;
  readonly maxTimestamp: string;
  readonly magicByte: number;
  readonly isControlBatch?: boolean;
  readonly timestampType?: number;
}

type HeaderValue = Buffer | null;

/** A record as kafkajs hands it on. */
interface DecodedRecord {
  readonly magicByte: number;
  readonly attributes: number;
  readonly timestamp: string;
  readonly offset: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Record<string, HeaderValue | HeaderValue[]>;
  readonly isControlRecord: boolean;
  readonly batchContext: BatchContext;
}

/** The timestamp is the broker's, one for the whole batch. */
const LOG_APPEND_TIME = 1;
/** A varint of more bytes than this may be larger than a number holds exactly. */
const EXACT_VARINT_LENGTH = 7;

/** Reads a record's fields one after another. */
class RecordReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  byte(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw new RangeError("A record is cut off");
    return byte;
  }

  /** A zigzag varint (protobuf's sint64). */
  varint(): number | bigint {
    let value = 0;
    let factor = 1;
    for (let length = 1; length <= EXACT_VARINT_LENGTH; length++) {
      const byte = this.byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) {
        return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
      }
      factor *= 0x80;
    }
    return this.#longVarint(BigInt(value));
  }

  #longVarint(value: bigint): bigint {
    for (let shift = 49n;; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) {
        const whole = BigInt.asUintN(64, value);
        return (whole >> 1n) ^ -(whole & 1n);
      }
      if (shift > 63n) {
        throw new RangeError("A record has a number of more than 64 bits");
      }
    }
  }

  data(): Buffer | null {
    const length = Number(this.varint());
    if (length < 0) return null;
    const from = this.#at;
    this.#at += length;
    if (this.#at > this.#bytes.length) {
      throw new RangeError("A record is cut off");
    }
    return this.#bytes.subarray(from, this.#at);
  }

  /** The headers; one that is there several times has all its values in a list. */
  headers(): DecodedRecord["headers"] {
    // kafkajs itself finds "constructor" in an object with no headers yet.
    const headers: DecodedRecord["headers"] = Object.create(null);
    for (let left = Number(this.varint()); left > 0; left--) {
      const name = this.data()?.toString() ?? "";
      const value = this.data();
      const known = headers[name];
      if (known === undefined) headers[name] = value;
      else if (Array.isArray(known)) known.push(value);
      else headers[name] = [known, value];
    }
    return headers;
  }
}

function add(base: string, delta: number | bigint): string {
  if (delta === 0) return base;
  const sum = Number(base) + Number(delta);
  return String(Number.isSafeInteger(sum) ? sum : BigInt(base) + BigInt(delta));
}

/**
 * Reads a record.
 *
 * @param record The record's bytes, without its length.
 * @param batchContext What the batch says of all its records.
 * @returns The record.
 * @throws {RangeError} If it is cut off.
 */
export function decodeRecord(
  record: RecordBytes,
  batchContext: BatchContext,
): DecodedRecord {
  const { firstOffset, firstTimestamp, maxTimestamp, magicByte } = batchContext;
  const { timestampType, isControlBatch = false } = batchContext;
  const reader = new RecordReader(record.buffer);
  const attributes = reader.byte();
  const timestampDelta = reader.varint();
  const offset = add(firstOffset, reader.varint());
  return {
    magicByte,
    attributes,
    timestamp: timestampType === LOG_APPEND_TIME && maxTimestamp
      ? maxTimestamp
      : add(firstTimestamp, timestampDelta),
    offset,
    key: reader.data(),
    value: reader.data(),
    headers: reader.headers(),
    isControlRecord: isControlBatch,
    batchContext,
  };
}

/**
 * Has kafkajs use {@linkcode decodeRecord}: its own makes several 64-bit objects for each record, and loses headers that are
 * called as what every object has. Where somebody else has loaded kafkajs before, it keeps its own.
 */
export async function mendRecordDecoder(): Promise<void> {
  await import("kafkajs/src/protocol/recordBatch/record/v0/decoder.js");
  replaceModule("src/protocol/recordBatch/record/v0/decoder.js", decodeRecord);
}
