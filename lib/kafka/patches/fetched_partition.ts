/**
 * What kafkajs hands on of a fetch: the records of a partition as they came, to be read when their turn comes.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { type Piece, readPieces } from "../batches/record_set.ts";
import { releasePart, usePart } from "./frames.ts";
import type { OwnCopy } from "./own_copy.ts";

interface Decoder {
  readInt32(): number;
  canReadBytes(count: number): boolean;
  readBytes(count: number): Buffer;
}

/** A partition's part of a fetch response. */
export interface PartitionData {
  readonly partition: number;
  readonly highWatermark: string;
  readonly lastStableOffset: string;
  readonly abortedTransactions: readonly {
    readonly producerId: string;
    readonly firstOffset: string;
  }[];
  /** What {@linkcode takeRecords} took. */
  readonly messages: Buffer;
}

/** Takes a partition's records from a response without reading them. */
function takeRecords(decoder: Decoder): Buffer {
  const length = decoder.readInt32();
  if (length <= 0) return Buffer.alloc(0);
  if (!decoder.canReadBytes(length)) {
    throw new RangeError("A partition's records are cut off");
  }
  const records = decoder.readBytes(length);
  usePart(records);
  return records;
}

/** Stands in for kafkajs' class `Batch`. */
export class FetchedPartition {
  readonly topic: string;
  readonly partition: number;
  /** The offset that was asked for, as kafkajs has it: text. */
  readonly fetchedOffset: string;
  /** The offset after the last replicated message, as text. */
  readonly highWatermark: string;
  /** kafkajs counts them and looks at the last one; it has none to see. */
  readonly messages: readonly never[] = [];
  readonly #data: PartitionData;

  /** Makes it, as kafkajs does for each partition of a response. */
  constructor(topic: string, fetchedOffset: string, data: PartitionData) {
    this.topic = topic;
    this.partition = data.partition;
    this.fetchedOffset = fetchedOffset;
    this.highWatermark = data.highWatermark;
    this.#data = data;
  }

  /** Reads the messages, in pieces of so many, about. */
  pieces(maxObjects: number): Generator<Piece> {
    const { messages, highWatermark, abortedTransactions } = this.#data;
    return readPieces({
      bytes: messages,
      fetchedOffset: BigInt(this.fetchedOffset),
      highWatermark: BigInt(highWatermark),
      abortedTransactions: abortedTransactions.map((transaction) => ({
        producerId: BigInt(transaction.producerId),
        firstOffset: BigInt(transaction.firstOffset),
      })),
    }, maxObjects);
  }

  /** Frees the memory of the messages: their bytes may not be used any more. */
  release(): void {
    releasePart(this.#data.messages);
  }

  /** Whether kafkajs doesn't hand it on: it has no records, and the partition has none to read. */
  isEmpty(): boolean {
    return this.#data.messages.length === 0 &&
      BigInt(this.#data.lastStableOffset) <= BigInt(this.fetchedOffset);
  }

  /** Whether kafkajs moves on by itself: it never does. */
  isEmptyDueToFiltering(): boolean {
    return false;
  }

  /** For kafkajs' events alone, as the three that follow. */
  readonly firstOffset = () => this.fetchedOffset;
  readonly lastOffset = this.firstOffset;
  readonly offsetLag = () => "0";
  readonly offsetLagLow = this.offsetLag;
}

/** Makes kafkajs hand on a {@linkcode FetchedPartition} for each partition of a fetch, with its records not read yet. */
export function patchFetch(kafkajs: OwnCopy): void {
  kafkajs.replace(
    "src/protocol/requests/fetch/v4/decodeMessages.js",
    takeRecords,
  );
  kafkajs.replace("src/consumer/batch.js", FetchedPartition);
}
