/**
 * Inflates the record batches of one fetch within limits, and says which one can't be read.
 *
 * @module
 */

import { messageOf, PipelineError } from "../../base/errors.ts";
import { crc32c } from "./crc32c.ts";
import { DamagedDataError, InflateLimitError } from "./damage.ts";
import {
  CHECKED_HEADER_LENGTH,
  type FetchedBatch,
  findBatches,
} from "./fetched_batches.ts";
import { CODEC_NAMES, inflate } from "./inflate.ts";
import type { UndecodableBatch } from "./undecodable_batch.ts";
import { checkRecordCount } from "./record_count.ts";

/**
 * What one record batch may inflate to, in bytes: 64 MiB. That is 64 times what a broker takes by default for a batch as it is sent
 * (`message.max.bytes`, 1 MiB), and twice what a Java producer keeps in memory for all its batches together
 * (`buffer.memory`, 32 MiB), so that honest batches stay far below.
 */
export const MAX_BATCH_BYTES = 64 * 1024 * 1024;

/**
 * How many records a compressed batch may have. kafkajs puts a batch's records on the stack, which overflows at about 125,000, and a
 * record takes far more memory than its bytes.
 */
export const MAX_BATCH_RECORDS = 100_000;

/** What each record takes in memory besides its bytes, in bytes: the objects that kafkajs makes for it. */
const RECORD_COST = 1024;

/**
 * What the batches behind each partition's first may cost together in one fetch, in bytes. What goes beyond is fetched again
 * once these are processed.
 */
const FETCH_BUDGET = MAX_BATCH_BYTES;

/** A record batch that can't be read. kafkajs doesn't try it again, as it would be no other then. */
export class UndecodableBatchError extends PipelineError {
  /** The class's name, in stack traces. */
  override name = "UndecodableBatchError";
  /** Tells kafkajs neither to retry nor to restart. */
  readonly retriable = false;
  /** The batch, where it is known well enough to go on behind it. */
  readonly batch: UndecodableBatch | undefined;

  /**
   * Makes the error.
   *
   * @param message Which batch, and why.
   * @param batch The batch, where it is known well enough to go on behind it.
   */
  constructor(message: string, batch?: UndecodableBatch) {
    super(message);
    this.batch = batch;
  }
}

/** Ends the reading of a partition: kafkajs takes the rest for a batch that the broker cut off, and fetches it again. */
class ReadLaterError extends Error {
  /** The name that kafkajs goes by. */
  override name = "KafkaJSPartialMessageError";
}

/** What is known of the fetch that a batch came with. */
export class FetchContext {
  readonly #response: Uint8Array;
  readonly #version: number;
  #batches: Map<number, FetchedBatch> | undefined;
  #spent = 0;

  /**
   * Notes a response. It is looked into when the first compressed batch comes.
   *
   * @param response The response, without its correlation id.
   * @param version The version of the fetch API that it was asked for by.
   */
  constructor(response: Uint8Array, version: number) {
    this.#response = response;
    this.#version = version;
  }

  /**
   * Finds the batch that compressed records belong to.
   *
   * @param data The compressed records: a view of the response.
   * @returns The batch; nothing where the layout isn't known.
   */
  batchOf(data: Uint8Array): FetchedBatch | undefined {
    if (data.buffer !== this.#response.buffer) return undefined;
    this.#batches ??= findBatches(this.#response, this.#version);
    return this.#batches.get(data.byteOffset - this.#response.byteOffset);
  }

  /** How much of the budget is left, in bytes. */
  get budget(): number {
    return FETCH_BUDGET - this.#spent;
  }

  /**
   * Takes from the budget.
   *
   * @param bytes How much, in bytes.
   */
  spend(bytes: number): void {
    this.#spent += bytes;
  }
}

/**
 * Inflates a record batch's records.
 *
 * Where other records of its partition came before it in the same fetch, a batch that can't be read is left for the next fetch,
 * so that those are processed first. It is first then, and the error is thrown.
 *
 * @param codec The codec's number.
 * @param data The compressed records.
 * @param fetch The fetch that it came with; without it, the batch can't be named.
 * @returns The inflated records.
 * @throws {UndecodableBatchError} If it is damaged, inflates to more than {@linkcode MAX_BATCH_BYTES}, has more records than
 * {@linkcode MAX_BATCH_RECORDS}, or is of a codec that Kafka doesn't know.
 */
export async function readBatch(
  codec: number,
  data: Uint8Array,
  fetch?: FetchContext,
): Promise<Uint8Array> {
  const batch = fetch?.batchOf(data);
  if (!fetch || !batch || batch.first) {
    return await readFirst(codec, data, batch);
  }
  const objects = (batch.header?.records ?? 0) * RECORD_COST;
  const room = fetch.budget - objects;
  if (room < 1) throw new ReadLaterError();
  try {
    const inflated = await inflateBatch(codec, data, batch, room);
    fetch.spend(objects + inflated.length);
    return inflated;
  } catch (cause) {
    throw new ReadLaterError("A batch is left for the next fetch", { cause });
  }
}

async function readFirst(
  codec: number,
  data: Uint8Array,
  batch: FetchedBatch | undefined,
): Promise<Uint8Array> {
  try {
    return await inflateBatch(codec, data, batch, MAX_BATCH_BYTES);
  } catch (error) {
    throw undecodable(codec, { data, batch }, error);
  }
}

async function inflateBatch(
  codec: number,
  data: Uint8Array,
  batch: FetchedBatch | undefined,
  limit: number,
): Promise<Uint8Array> {
  const header = batch?.header;
  if (!header) return await inflate(codec, data, limit);
  const { records, checksum } = header;
  if (records > MAX_BATCH_RECORDS) {
    throw new RangeError(
      `it has ${records} records, more than the limit of ${MAX_BATCH_RECORDS}`,
    );
  }
  // kafkajs checks no checksum, and Snappy has none of its own: a damaged order could be read as another one.
  const checked = new Uint8Array(
    data.buffer,
    data.byteOffset - CHECKED_HEADER_LENGTH,
    CHECKED_HEADER_LENGTH + data.length,
  );
  if (crc32c(checked) !== checksum) {
    throw new DamagedDataError("it fails its checksum");
  }
  const inflated = await inflate(codec, data, limit);
  checkRecordCount(inflated, records);
  return inflated;
}

/** Carries no cause: kafkajs would put that in the place of this error. */
function undecodable(
  codec: number,
  { data, batch }: {
    readonly data: Uint8Array;
    readonly batch: FetchedBatch | undefined;
  },
  error: unknown,
): UndecodableBatchError {
  const name = CODEC_NAMES[codec] ?? `codec ${codec}`;
  const reason = error instanceof InflateLimitError
    ? `${error.message} (${MAX_BATCH_BYTES / 2 ** 20} MiB)`
    : messageOf(error);
  if (!batch) {
    return new UndecodableBatchError(
      `A batch compressed by ${name} can't be read: ${reason}`,
    );
  }
  const { topic, partition, header } = batch;
  const place = `topic '${topic}', partition ${partition}`;
  if (!header) {
    return new UndecodableBatchError(
      `A batch of ${place}, compressed by ${name}, can't be read: ${reason}`,
    );
  }
  const { firstOffset, lastOffset, records } = header;
  const message =
    `The batch of ${place}, offsets ${firstOffset} to ${lastOffset}, compressed by ${name}, can't be read: ${reason}`;
  // What claims more records than that can't be gone through one by one.
  if (records < 1 || records > MAX_BATCH_RECORDS) {
    return new UndecodableBatchError(message);
  }
  return new UndecodableBatchError(message, {
    data,
    codec: name,
    reason: message,
    records,
    lastOffsetDelta: Number(lastOffset - firstOffset),
  });
}
