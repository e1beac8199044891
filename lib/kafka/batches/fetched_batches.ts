/**
 * Where each record batch of a fetch response lies, so that one that can't be read can be named.
 *
 * kafkajs hands a codec nothing but the compressed bytes. They are a view of the whole response, which says the rest.
 *
 * @module
 */

import { AT, MAGIC, UNCOUNTED_LENGTH } from "./layout.ts";

/** A record batch of a fetch response. */
export interface FetchedBatch {
  /** The topic. */
  readonly topic: string;
  /** The partition. */
  readonly partition: number;
  /** Whether no record of its partition comes before it in this response. */
  readonly first: boolean;
  /** What its header says; message formats 0 and 1 are not looked into. */
  readonly header?: {
    /** The offset of its first record. */
    readonly firstOffset: bigint;
    /** The offset of its last record. */
    readonly lastOffset: bigint;
    /** How many records it has. */
    readonly records: number;
    /** The CRC-32C of everything behind it in the batch. */
    readonly checksum: number;
  };
}

/** How much of the header its checksum covers, in bytes: all from the attributes on. */
export const CHECKED_HEADER_LENGTH = AT.records - AT.attributes;
/** The first version whose layout is known here; kafkajs 2.2.4 asks every Kafka since 0.11 for this or a later one. */
const MIN_VERSION = 4;

/** Reads a response's fields one after another. */
class Reader {
  readonly view: DataView;
  at = 0;

  constructor(data: Uint8Array) {
    this.view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  }

  skip(length: number): number {
    const from = this.at;
    this.at += length;
    return from;
  }

  int16(): number {
    return this.view.getInt16(this.skip(2));
  }

  int32(): number {
    return this.view.getInt32(this.skip(4));
  }

  string(): string {
    const length = Math.max(this.int16(), 0);
    const { buffer, byteOffset } = this.view;
    return new TextDecoder().decode(
      new Uint8Array(buffer, byteOffset + this.skip(length), length),
    );
  }
}

/**
 * Finds the record batches of a fetch response.
 *
 * @param response The response, without its correlation id.
 * @param version The version of the fetch API that it was asked for by.
 * @returns Each whole batch, by where its records begin: so many bytes into the response. Batches of message formats 0 and
 * 1 can't be told apart: one entry stands for all of a partition, by where they begin.
 */
export function findBatches(
  response: Uint8Array,
  version: number,
): Map<number, FetchedBatch> {
  const found = new Map<number, FetchedBatch>();
  if (version < MIN_VERSION) return found;
  const reader = new Reader(response);
  reader.skip(4);
  if (version >= 7) reader.skip(2 + 4);
  for (let topics = reader.int32(); topics > 0; topics--) {
    const topic = reader.string();
    for (let partitions = reader.int32(); partitions > 0; partitions--) {
      const partition = reader.int32();
      reader.skip(2 + 8 + 8);
      if (version >= 5) reader.skip(8);
      const aborted = Math.max(reader.int32(), 0);
      reader.skip(aborted * 16);
      if (version >= 11) reader.skip(4);
      const length = Math.max(reader.int32(), 0);
      const start = reader.skip(length);
      findInPartition(reader.view, start, reader.at, { topic, partition })
        .forEach((batch, at) => found.set(at, batch));
    }
  }
  return found;
}

function findInPartition(
  view: DataView,
  start: number,
  end: number,
  place: { readonly topic: string; readonly partition: number },
): Map<number, FetchedBatch> {
  const found = new Map<number, FetchedBatch>();
  let before = 0;
  for (let at = start; at + AT.records <= end;) {
    if (view.getInt8(at + AT.magic) !== MAGIC) {
      return found.set(at, { ...place, first: before === 0 });
    }
    const firstOffset = view.getBigInt64(at);
    const lastDelta = view.getInt32(at + AT.lastOffsetDelta);
    const records = view.getInt32(at + AT.recordCount);
    found.set(at + AT.records, {
      ...place,
      first: before === 0,
      header: {
        firstOffset,
        lastOffset: firstOffset + BigInt(lastDelta),
        records,
        checksum: view.getUint32(at + AT.checksum),
      },
    });
    before += records;
    at += UNCOUNTED_LENGTH + view.getInt32(at + AT.length);
  }
  return found;
}
