/**
 * When Kafka took what: read from the files of its log, which has the broker's own time of every batch and every commit.
 *
 * So every contender is timed by the same clock, none by its own word, and the start of its process counts for none. Nothing
 * is asked of the broker while it works.
 *
 * @module
 */

/** A batch of records, as a broker writes it (message format 2). */
export interface LogBatch {
  /** How many records it has. */
  readonly count: number;
  /** When its first record was made by the client, in ms since 1970. */
  readonly firstTimestamp: number;
  /** The highest timestamp: where the topic has `LogAppendTime`, the moment when the broker took the batch. */
  readonly maxTimestamp: number;
  /** Whether it has markers of a transaction instead of messages. */
  readonly control: boolean;
  /** The records. */
  readonly records: Uint8Array;
}

/** A record of a batch that is not compressed. */
export interface LogRecord {
  /** Its timestamp, in ms since 1970. */
  readonly timestamp: number;
  /** Its key, if it has one. */
  readonly key: Uint8Array | undefined;
  /** Its value, if it has one. */
  readonly value: Uint8Array | undefined;
}

/** A stretch of time. */
export interface Window {
  /** Its begin, in ms since 1970. */
  readonly from: number;
  /** Its end, in ms since 1970. */
  readonly to: number;
}

/** The length of a batch's fixed part up to its records, in bytes. */
const BATCH_HEAD = 61;
/** Offset and length, which the length does not count, in bytes. */
const LENGTH_HEAD = 12;
const CONTROL_BIT = 0x20;

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * Goes through the batches of a log's file.
 *
 * @param bytes The file.
 * @returns The batches; one that is not whole yet ends them.
 * @throws {RangeError} If it has another message format.
 */
export function* batchesOf(bytes: Uint8Array): Generator<LogBatch, void> {
  const view = viewOf(bytes);
  for (let at = 0; at + BATCH_HEAD <= bytes.length;) {
    const end = at + LENGTH_HEAD + view.getInt32(at + 8);
    if (end > bytes.length) return;
    const magic = view.getInt8(at + 16);
    if (magic !== 2) throw new RangeError(`Unknown message format: ${magic}`);
    yield {
      count: view.getInt32(at + 57),
      firstTimestamp: Number(view.getBigInt64(at + 27)),
      maxTimestamp: Number(view.getBigInt64(at + 35)),
      control: (view.getInt16(at + 21) & CONTROL_BIT) !== 0,
      records: bytes.subarray(at + BATCH_HEAD, end),
    };
    at = end;
  }
}

/**
 * Goes through the records of a batch that is not compressed.
 *
 * @param batch The batch.
 * @returns The records.
 */
export function* recordsOf(batch: LogBatch): Generator<LogRecord, void> {
  const { records } = batch;
  let at = 0;
  const number = () => {
    // As arithmetic, not in bits: a timestamp's difference may need more than 32 of them.
    let value = 0;
    for (let factor = 1;; factor *= 128) {
      const byte = records[at++] ?? 0;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) break;
    }
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  };
  const field = () => {
    const length = number();
    if (length < 0) return undefined;
    at += length;
    return records.subarray(at - length, at);
  };
  for (let i = 0; i < batch.count; i++) {
    const length = number();
    const end = at + length;
    at++;
    const timestamp = batch.firstTimestamp + number();
    number();
    yield { timestamp, key: field(), value: field() };
    at = end;
  }
}

/** What a topic's files say of how it was filled. */
export interface Filling extends Window {
  /** How many records there are. */
  readonly count: number;
}

/**
 * Finds out when a topic was filled.
 *
 * @param batches The batches of all its partitions; the topic has `LogAppendTime`.
 * @returns How many records there are; from when the first was made by its client, to when the broker took the last.
 */
export function fillingOf(batches: Iterable<LogBatch>): Filling {
  let [count, from, to] = [0, Infinity, -Infinity];
  for (const { count: more, firstTimestamp, maxTimestamp } of batches) {
    count += more;
    from = Math.min(from, firstTimestamp);
    to = Math.max(to, maxTimestamp);
  }
  return { count, from, to };
}

/** The versions of a key in the topic of the groups: a commit has 0 or 1, a group's state has 2. */
const GROUP_KEY = 2;

/**
 * Finds out when a group worked.
 *
 * @param batches The batches of `__consumer_offsets`.
 * @param group The group; one member joined it once.
 * @returns From when the group had shared out its partitions, to when the broker took the last commit; nothing where there is
 * no such group, or no commit of its.
 */
export function workOf(
  batches: Iterable<LogBatch>,
  group: string,
): Window | undefined {
  let [shared, from, to] = [NaN, NaN, NaN];
  for (const batch of batches) {
    if (batch.control) continue;
    for (const { timestamp, key, value } of recordsOf(batch)) {
      if (!key || !value || key.length < 4 || groupOf(key) !== group) continue;
      if (viewOf(key).getInt16(0) < GROUP_KEY) {
        if (Number.isNaN(from)) from = shared;
        to = timestamp;
      } else if (viewOf(key).getInt16(0) === GROUP_KEY) {
        shared = timestamp;
      }
    }
  }
  return from <= to ? { from, to } : undefined;
}

function groupOf(key: Uint8Array): string {
  const length = viewOf(key).getInt16(2);
  return new TextDecoder().decode(key.subarray(4, 4 + length));
}

/**
 * Reads a partition's files.
 *
 * @param folder The folder that `log.dirs` names.
 * @param topic The topic.
 * @param partition The partition.
 * @returns The batches, oldest first.
 */
export async function readPartition(
  folder: string,
  topic: string,
  partition: number,
): Promise<LogBatch[]> {
  const path = `${folder}/${topic}-${partition}`;
  const names: string[] = [];
  for await (const { name } of Deno.readDir(path)) {
    if (name.endsWith(".log")) names.push(name);
  }
  const batches: LogBatch[] = [];
  for (const name of names.sort()) {
    for (const batch of batchesOf(await Deno.readFile(`${path}/${name}`))) {
      batches.push(batch);
    }
  }
  return batches;
}
