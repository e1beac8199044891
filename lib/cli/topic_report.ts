/**
 * What `deno task topic` prints.
 *
 * @module
 */

import { counted } from "../base/plural.ts";
import type { TopicSpec } from "../kafka/admin.ts";
import type { TopicResult } from "../kafka/topic.ts";

/** Writes what became of creating a topic: one line; a second one where the topic that exists is laid out otherwise. */
export function describeTopicResult(
  wanted: TopicSpec,
  result: TopicResult,
): string {
  const { topic } = wanted;
  if (result.created) {
    return `Topic '${topic}' created successfully with ${
      counted(result.partitions, "partition")
    } and ` +
      `a replication factor of ${result.replicationFactor}.`;
  }
  const differences = [
    result.partitions !== wanted.partitions &&
    `${counted(result.partitions, "partition")}, not ${wanted.partitions}`,
    result.replicationFactor !== wanted.replicationFactor &&
    `a replication factor of ${result.replicationFactor}, not ${wanted.replicationFactor}`,
  ].filter((difference) => difference !== false);
  return [
    `Topic '${topic}' already exists!`,
    ...(differences.length > 0
      ? [`It has ${differences.join(", and ")}.`]
      : []),
  ].join("\n");
}
