/**
 * Where everything lies in a record batch (message format 2): for those that write one, read one, or look for one.
 *
 * @see {@link https://kafka.apache.org/documentation/#recordbatch}
 * @module
 */

/** Where each field of a batch's header begins, in bytes; its records come last. */
export const AT = {
  baseOffset: 0,
  length: 8,
  leaderEpoch: 12,
  magic: 16,
  checksum: 17,
  /** From here on the checksum covers everything. */
  attributes: 21,
  lastOffsetDelta: 23,
  firstTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  producerEpoch: 51,
  firstSequence: 53,
  recordCount: 57,
  records: 61,
} as const;

/** What stands before the part of a batch that its length counts, in bytes: the base offset and the length itself. */
export const UNCOUNTED_LENGTH = 12;

/** The version of the format. */
export const MAGIC = 2;
