/**
 * The layout of a record batch's header (message format 2).
 *
 * @see {@link https://kafka.apache.org/documentation/#recordbatch}
 * @module
 */

/** Where each field of the header begins, in bytes. The records come last. */
export const HEADER_OFFSETS = {
  firstOffset: 0,
  length: 8,
  leaderEpoch: 12,
  magic: 16,
  checksum: 17,
  /** The checksum covers everything from here to the end of the batch. */
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

/** How many bytes come before the part that the batch's length counts: the first offset and the length itself. */
export const UNCOUNTED_LENGTH = 12;

/** The version of the format. */
export const MAGIC = 2;
