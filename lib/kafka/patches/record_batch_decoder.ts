/**
 * How kafkajs reads a record batch (message format 2).
 *
 * @see {@link https://kafka.apache.org/documentation/#recordbatch}
 * @module
 */

import type { Buffer } from "node:buffer";
import { AT, UNCOUNTED_LENGTH } from "../batches/layout.ts";
import { replaceModule } from "./replace_module.ts";

/** What kafkajs reads a fetch response with. */
interface Source {
  readonly buffer: Buffer;
  /** Where the next batch begins. */
  offset: number;
}

/** A codec that kafkajs knows. */
interface Codec {
  decompress(data: Buffer): Promise<Buffer>;
}

/** Finds the codec that a batch's attributes name; none where it is not compressed. */
type CodecLookup = (attributes: number) => Codec | null;

/** What the batch says of all its records. */
interface BatchContext {
  readonly firstOffset: string;
  readonly firstTimestamp: string;
  readonly partitionLeaderEpoch: number;
  readonly inTransaction: boolean;
  readonly isControlBatch: boolean;
  readonly lastOffsetDelta: number;
  readonly producerId: string;
  readonly producerEpoch: number;
  readonly firstSequence: number;
  readonly maxTimestamp: string;
  readonly timestampType: number;
  readonly magicByte: number;
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
  readonly headers: Readonly<Record<string, HeaderValue | HeaderValue[]>>;
  readonly isControlRecord: boolean;
  readonly batchContext: BatchContext;
}

const TIMESTAMP_TYPE_BIT = 0x08;
const TRANSACTIONAL_BIT = 0x10;
const CONTROL_BIT = 0x20;
/** The timestamp is the broker's, one for the whole batch. */
const LOG_APPEND_TIME = 1;
/** A varint of more bytes than this may be larger than a number holds exactly. */
const EXACT_VARINT_LENGTH = 7;
/** Most records have none, and one empty object for them all is looked into much faster than one for each. */
const NO_HEADERS: DecodedRecord["headers"] = Object.freeze(Object.create(null));

/** A batch that the broker cut off, as it does at the end of a fetch: the next fetch has all of it. */
class PartialBatchError extends Error {
  /** The name that kafkajs goes by. */
  override name = "KafkaJSPartialMessageError";
}

/** Counts from a 64-bit number that is given as text. */
class Counter {
  readonly #base: string;
  readonly #exact: number;
  #delta: number | bigint = 0;
  #text: string;

  constructor(base: string) {
    this.#base = base;
    this.#exact = Number(base);
    this.#text = base;
  }

  /** Adds to the base. The same difference again, as records of one moment have it, gives the same text again. */
  plus(delta: number | bigint): string {
    if (delta !== this.#delta) {
      this.#delta = delta;
      const sum = this.#exact + Number(delta);
      this.#text = String(
        Number.isSafeInteger(sum) ? sum : BigInt(this.#base) + BigInt(delta),
      );
    }
    return this.#text;
  }
}

/** Reads a batch's records one after another. */
class RecordReader {
  readonly #bytes: Buffer;
  readonly #context: BatchContext;
  readonly #offsets: Counter;
  readonly #timestamps: Counter;
  #at = 0;
  #end: number;

  constructor(bytes: Buffer, context: BatchContext) {
    this.#bytes = bytes;
    this.#end = bytes.length;
    this.#context = context;
    this.#offsets = new Counter(context.firstOffset);
    this.#timestamps = new Counter(context.firstTimestamp);
  }

  record(): DecodedRecord {
    const { magicByte, maxTimestamp, timestampType, isControlBatch } =
      this.#context;
    this.#end = this.#bytes.length;
    this.#end = this.#skip(Number(this.#varint()));
    const end = this.#end;
    const attributes = this.#byte();
    const timestampDelta = this.#varint();
    const record = {
      magicByte,
      attributes,
      timestamp: timestampType === LOG_APPEND_TIME
        ? maxTimestamp
        : this.#timestamps.plus(timestampDelta),
      offset: this.#offsets.plus(this.#varint()),
      key: this.#data(),
      value: this.#data(),
      headers: this.#headers(),
      isControlRecord: isControlBatch,
      batchContext: this.#context,
    };
    this.#at = end;
    return record;
  }

  /** Where so many bytes end. */
  #skip(length: number): number {
    const end = this.#at + length;
    if (length < 0 || end > this.#end) {
      throw new RangeError("A record is cut off");
    }
    return end;
  }

  #byte(): number {
    if (this.#at >= this.#end) throw new RangeError("A record is cut off");
    return this.#bytes[this.#at++] as number;
  }

  /** A zigzag varint (protobuf's sint64). */
  #varint(): number | bigint {
    let value = 0;
    let factor = 1;
    for (let length = 1; length <= EXACT_VARINT_LENGTH; length++) {
      const byte = this.#byte();
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
      const byte = this.#byte();
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

  #data(): Buffer | null {
    const length = Number(this.#varint());
    if (length < 0) return null;
    const from = this.#at;
    this.#at = this.#skip(length);
    return this.#bytes.subarray(from, this.#at);
  }

  /** The headers; one that is there several times has all its values in a list. */
  #headers(): DecodedRecord["headers"] {
    let left = Number(this.#varint());
    if (left === 0) return NO_HEADERS;
    // kafkajs itself finds "constructor" in an object with no headers yet.
    const headers: Record<string, HeaderValue | HeaderValue[]> = Object.create(
      null,
    );
    for (; left > 0; left--) {
      const name = this.#data()?.toString() ?? "";
      const value = this.#data();
      const known = headers[name];
      if (known === undefined) headers[name] = value;
      else if (Array.isArray(known)) known.push(value);
      else headers[name] = [known, value];
    }
    return headers;
  }
}

/**
 * Makes a reader of record batches.
 *
 * @param codecOf Finds the codec that a batch's attributes name.
 * @returns Reads the batch at a source's place and moves on behind it. It throws a {@linkcode RangeError} if a record is cut
 * off, and what kafkajs takes for the end of a fetch if the batch is.
 */
export function batchDecoder(
  codecOf: CodecLookup,
): (source: Source) => Promise<BatchContext & { records: DecodedRecord[] }> {
  return async (source) => {
    const { buffer, offset: start } = source;
    const end = start + UNCOUNTED_LENGTH +
      buffer.readInt32BE(start + AT.length);
    source.offset = end;
    if (end > buffer.length) throw new PartialBatchError("A batch is cut off");
    const attributes = buffer.readInt16BE(start + AT.attributes);
    const context: BatchContext = {
      firstOffset: String(buffer.readBigInt64BE(start + AT.baseOffset)),
      firstTimestamp: String(buffer.readBigInt64BE(start + AT.firstTimestamp)),
      partitionLeaderEpoch: buffer.readInt32BE(start + AT.leaderEpoch),
      inTransaction: (attributes & TRANSACTIONAL_BIT) !== 0,
      isControlBatch: (attributes & CONTROL_BIT) !== 0,
      lastOffsetDelta: buffer.readInt32BE(start + AT.lastOffsetDelta),
      producerId: String(buffer.readBigInt64BE(start + AT.producerId)),
      producerEpoch: buffer.readInt16BE(start + AT.producerEpoch),
      firstSequence: buffer.readInt32BE(start + AT.firstSequence),
      maxTimestamp: String(buffer.readBigInt64BE(start + AT.maxTimestamp)),
      timestampType: (attributes & TIMESTAMP_TYPE_BIT) === 0
        ? 0
        : LOG_APPEND_TIME,
      magicByte: buffer.readInt8(start + AT.magic),
    };
    const count = buffer.readInt32BE(start + AT.recordCount);
    const codec = codecOf(attributes);
    const data = buffer.subarray(start + AT.records, end);
    const reader = codec && count > 0
      ? new RecordReader(await codec.decompress(data), context)
      : new RecordReader(data, context);
    const records: DecodedRecord[] = [];
    for (let i = 0; i < count; i++) records.push(reader.record());
    return { ...context, records };
  };
}

/**
 * Has kafkajs use {@linkcode batchDecoder}: its own makes several buffers and 64-bit objects for each record, and loses headers
 * that are called as what every object has. Where somebody else has loaded kafkajs before, it keeps its own.
 */
export async function mendBatchDecoder(): Promise<void> {
  const path = "src/protocol/recordBatch/v0/decoder.js";
  const [{ default: compression }] = await Promise.all([
    import("kafkajs/src/protocol/message/compression/index.js"),
    import("kafkajs/src/protocol/recordBatch/v0/decoder.js"),
  ]);
  replaceModule(path, batchDecoder(compression.lookupCodecByAttributes));
}
