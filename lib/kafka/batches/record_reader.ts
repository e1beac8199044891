/**
 * Reads the records of one record batch (message format 2), strictly: whatever contradicts the batch's header is damage.
 *
 * @see {@link https://kafka.apache.org/documentation/#recordbatch}
 * @module
 */

import type { Header } from "../../events/record.ts";
import type { Message } from "../message.ts";
import { DamagedDataError } from "./damage.ts";

/** What a batch's header says about its records. */
export interface RecordsInfo {
  readonly count: number;
  /** The offset that the records' offsets are counted from. */
  readonly firstOffset: bigint;
  /** How far the last record's offset may be from that. */
  readonly lastOffsetDelta: number;
  /** The time that the records' times are counted from, in milliseconds since 1970 UTC. */
  readonly firstTimestamp: number;
  /** The time of all records, if the broker sets it (`LogAppendTime`), in milliseconds since 1970 UTC. */
  readonly appendedAt: number | undefined;
}

/** How many headers one record may have: each takes far more memory than its bytes. */
const MAX_HEADERS = 100_000;
/** A varint of more bytes than this may be larger than a number holds exactly. */
const EXACT_VARINT_LENGTH = 7;
/** A header's name is text; a byte order mark is part of it. */
const TEXT = new TextDecoder("utf-8", { ignoreBOM: true });
const NO_HEADERS: readonly Header[] = Object.freeze([]);

function cutOff(): DamagedDataError {
  return new DamagedDataError("a record in it is cut off");
}

/** Reads a batch's records from the first to the last. */
export class RecordReader {
  readonly #bytes: Uint8Array;
  readonly #info: RecordsInfo;
  readonly #firstOffset: number | undefined;
  #at = 0;
  #end: number;
  #read = 0;
  #lastDelta = -1;

  constructor(bytes: Uint8Array, info: RecordsInfo) {
    this.#bytes = bytes;
    this.#end = bytes.length;
    this.#info = info;
    const exact = Number(info.firstOffset);
    this.#firstOffset = Number.isSafeInteger(exact + info.lastOffsetDelta)
      ? exact
      : undefined;
  }

  get done(): boolean {
    return this.#read === this.#info.count;
  }

  /**
   * Reads the next records.
   *
   * @returns The records. Their keys and values share the bytes they were read from.
   * @throws {DamagedDataError} If they contradict the batch's header or the format.
   */
  read(maxObjects: number): Message[] {
    const { count } = this.#info;
    const messages: Message[] = [];
    for (let objects = 0; this.#read < count && objects < maxObjects;) {
      const message = this.#record();
      messages.push(message);
      objects += 1 + message.headers.length;
      this.#read++;
    }
    if (this.#read === count && this.#at < this.#bytes.length) {
      throw new DamagedDataError(
        `it goes on after the ${count} records of its header`,
      );
    }
    return messages;
  }

  #record(): Message {
    const { firstTimestamp, appendedAt, count } = this.#info;
    this.#end = this.#bytes.length;
    if (this.#at === this.#end) {
      throw new DamagedDataError(
        `it holds ${this.#read} records instead of the ${count} of its header`,
      );
    }
    const length = this.#varint();
    const end = this.#end = this.#skip(length);
    // The attributes of a record have no meaning yet.
    this.#byte();
    const timestampDelta = this.#varint();
    const message = {
      timestamp: appendedAt ?? firstTimestamp + timestampDelta,
      offset: this.#offset(),
      key: this.#data(),
      value: this.#data(),
      headers: this.#headers(),
    };
    if (this.#at !== end) {
      throw new DamagedDataError("a record in it is longer than its fields");
    }
    return message;
  }

  #offset(): string {
    const delta = this.#varint();
    const { firstOffset, lastOffsetDelta } = this.#info;
    if (delta <= this.#lastDelta || delta > lastOffsetDelta) {
      throw new DamagedDataError(
        `a record in it has offset delta ${delta}, not one from ${
          this.#lastDelta + 1
        } to ${lastOffsetDelta}`,
      );
    }
    this.#lastDelta = delta;
    return String(
      this.#firstOffset === undefined
        ? firstOffset + BigInt(delta)
        : this.#firstOffset + delta,
    );
  }

  /** Where so many bytes end. */
  #skip(length: number): number {
    const end = this.#at + length;
    if (length < 0 || end > this.#end) throw cutOff();
    return end;
  }

  #byte(): number {
    if (this.#at >= this.#end) throw cutOff();
    return this.#bytes[this.#at++] as number;
  }

  /** A zigzag varint (protobuf's sint64), rounded if it is beyond 2^53. */
  #varint(): number {
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

  #longVarint(value: bigint): number {
    for (let shift = 49n; shift <= 63n; shift += 7n) {
      const byte = this.#byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) {
        const whole = BigInt.asUintN(64, value);
        return Number((whole >> 1n) ^ -(whole & 1n));
      }
    }
    throw new DamagedDataError(
      "a record in it has a number of more than 64 bits",
    );
  }

  #data(): Uint8Array | null {
    const length = this.#varint();
    if (length < 0) return null;
    const from = this.#at;
    this.#at = this.#skip(length);
    const { buffer, byteOffset } = this.#bytes;
    return new Uint8Array(buffer, byteOffset + from, length);
  }

  #headers(): readonly Header[] {
    const count = this.#varint();
    if (count === 0) return NO_HEADERS;
    if (count < 0 || count > MAX_HEADERS) {
      throw new DamagedDataError(`a record in it has ${count} headers`);
    }
    const headers: Header[] = [];
    for (let left = count; left > 0; left--) {
      const name = this.#data();
      if (!name) throw new DamagedDataError("a header in it has no name");
      // A copy: handlers may keep it longer than the fetch.
      headers.push([TEXT.decode(name), this.#data()?.slice() ?? null]);
    }
    return headers;
  }
}
