/**
 * What stands in for a record batch that can't be read: one message with the batch as it came, and why, so that it is kept as a dead
 * letter and the partition goes on.
 *
 * kafkajs takes as many records from a batch as its header says. The first of them stands for all; the others have nothing to say.
 *
 * @module
 */

import type { Buffer } from "node:buffer";
import type { IHeaders } from "kafkajs";
import { encodeRecordBatch, recordsOf } from "./record_batch.ts";

/** A record batch that can't be read. */
export interface UndecodableBatch {
  /** Its records, compressed, as they came. */
  readonly data: Uint8Array;
  /** The name of the codec. */
  readonly codec: string;
  /** Why, in one line that names the topic, the partition and the offsets. */
  readonly reason: string;
  /** How many records it says that it has; at least one. */
  readonly records: number;
  /** How far its last record is behind its first, in offsets. */
  readonly lastOffsetDelta: number;
}

/** What a message says that stands in for a batch. */
export interface StandIn {
  /** Why the batch can't be read; nothing in the messages behind the first. */
  readonly reason: string | undefined;
  /** The name of the codec. */
  readonly codec: string;
}

// Nobody else can write a header of this name: a message that pretended to be nothing would be passed over.
const PREFIX = `undecodable-${crypto.randomUUID()}-`;
const CODEC_HEADER = `${PREFIX}codec`;
const REASON_HEADER = `${PREFIX}reason`;

/**
 * Writes the records that stand in for a batch's own.
 *
 * @param batch The batch.
 * @returns The records, as they would be after decompression.
 */
export function standInRecords(batch: UndecodableBatch): Buffer {
  const { data, codec, reason, records, lastOffsetDelta } = batch;
  const headers = { [CODEC_HEADER]: codec };
  const standIns = Array.from({ length: records }, (_, i) => ({
    value: i === 0 ? data : null,
    headers: i === 0 ? { ...headers, [REASON_HEADER]: reason } : headers,
    timestamp: 0,
    // The last one ends where the batch does, so that a commit behind it is a commit behind the batch.
    offsetDelta: i === records - 1 ? lastOffsetDelta : i,
  }));
  const nobody = {
    producerId: -1n,
    producerEpoch: -1,
    firstSequence: -1,
  };
  return recordsOf(encodeRecordBatch(standIns, nobody));
}

/**
 * Tells whether a message stands in for a batch that can't be read.
 *
 * @param headers The message's headers.
 * @returns What it says; nothing for a message of its own.
 */
export function readStandIn(
  headers: IHeaders | undefined,
): StandIn | undefined {
  if (!headers || !(CODEC_HEADER in headers)) return undefined;
  const reason = headers[REASON_HEADER];
  return {
    codec: String(headers[CODEC_HEADER]),
    reason: reason === undefined ? undefined : String(reason),
  };
}

/**
 * Takes off the headers that a stand-in has for this process alone.
 *
 * @param headers The message's headers; they are changed.
 * @returns The same headers.
 */
export function dropStandInHeaders(headers: IHeaders): IHeaders {
  delete headers[CODEC_HEADER];
  delete headers[REASON_HEADER];
  return headers;
}
