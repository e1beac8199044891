/**
 * Which partition a key belongs to: by librdkafka's rule or by Java's.
 *
 * Every producer of a topic has to use the same rule, or messages with the same key end up in different partitions and lose their
 * sequence.
 *
 * @module
 */

import { crc32 } from "node:zlib";

/** A rule by its name: `crc32` is librdkafka's (and so confluent-kafka's) default, `murmur2` is the Java client's. */
export type PartitionerName = "crc32" | "murmur2";

/** Every rule there is. */
export const PARTITIONERS: readonly PartitionerName[] = ["crc32", "murmur2"];

/** Computes Kafka's variant of MurmurHash2 (seed 0x9747b28c), as `org.apache.kafka.common.utils.Utils.murmur2` does. */
export function murmur2(bytes: Uint8Array): number {
  const M = 0x5bd1e995;
  const { length } = bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, length);
  let hash = 0x9747b28c ^ length;
  let at = 0;
  for (; at + 4 <= length; at += 4) {
    let word = Math.imul(view.getInt32(at, true), M);
    word ^= word >>> 24;
    hash = Math.imul(hash, M) ^ Math.imul(word, M);
  }
  let rest = 0;
  for (let i = length - 1; i >= at; i--) rest = (rest << 8) | view.getUint8(i);
  if (at < length) hash = Math.imul(hash ^ rest, M);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, M);
  return hash ^ (hash >>> 15);
}

/**
 * Finds the partition of a message, in a topic of one partition or more.
 *
 * `crc32` equals librdkafka's `partitioner=consistent_random`: the CRC-32 of the key modulo the number of partitions, any
 * partition for a message with no key. librdkafka counts an empty key as none. `murmur2` equals Java's default for keyed
 * messages (and librdkafka's `murmur2_random`).
 */
export function partitionOf(
  key: Uint8Array | null,
  options: {
    readonly partitioner: PartitionerName;
    readonly partitionsCount: number;
  },
): number {
  const { partitioner, partitionsCount } = options;
  if (key === null || (key.length === 0 && partitioner === "crc32")) {
    return Math.floor(Math.random() * partitionsCount);
  }
  return partitioner === "crc32"
    ? crc32(key) % partitionsCount
    : (murmur2(key) & 0x7fff_ffff) % partitionsCount;
}
