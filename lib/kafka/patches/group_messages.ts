/**
 * How kafkajs sorts the messages of a request by partition.
 *
 * @module
 */

import type { OwnCopy } from "./own_copy.ts";

/** Finds a message's partition. */
type Partitioner = (options: {
  readonly topic: string;
  readonly partitionMetadata: unknown;
  readonly message: unknown;
}) => number;

/** What kafkajs asks for. */
interface GroupOptions {
  readonly topic: string;
  readonly partitionMetadata: readonly unknown[];
  readonly messages: readonly unknown[];
  readonly partitioner: Partitioner;
}

/**
 * Sorts messages by partition.
 *
 * @param options The messages and the partitioner.
 * @returns The messages of each partition, in their sequence.
 */
export function groupMessages(
  options: GroupOptions,
): Record<number, unknown[]> {
  const { topic, partitionMetadata, messages, partitioner } = options;
  const groups: Record<number, unknown[]> = {};
  if (partitionMetadata.length === 0) return groups;
  for (const message of messages) {
    const partition = partitioner({ topic, partitionMetadata, message });
    (groups[partition] ??= []).push(message);
  }
  return groups;
}

/**
 * Makes kafkajs use {@linkcode groupMessages}: its own copies a partition's array for each message.
 *
 * @param kafkajs The copy to patch.
 */
export function patchGroupMessages(kafkajs: OwnCopy): void {
  kafkajs.replace("src/producer/groupMessagesPerPartition.js", groupMessages);
}
