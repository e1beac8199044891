/**
 * `deno task topic`: creates a topic.
 *
 * @module
 */

import { counted } from "../base/plural.ts";
import type { TopicSpec } from "../kafka/admin.ts";
import { createTopic, type TopicResult } from "../kafka/topic.ts";
import { task } from "./command.ts";
import { integerFlag, textFlag } from "./flags.ts";
import { printLine } from "./output.ts";
import { CONNECTION_FLAGS, connectionFrom } from "./task_flags.ts";

/** The command. */
export const topicCommand = task({
  name: "topic",
  summary: "Creates a topic. One that exists already is left as it is.",
  flags: {
    topic: textFlag("NAME", "the topic", { default: "demo" }),
    partitions: integerFlag("N", "how many partitions", {
      default: 3,
      min: 1,
      max: 10_000,
    }),
    "replication-factor": integerFlag(
      "N",
      "how many brokers have each partition; from 3 on, what all acknowledge is on two at least (min.insync.replicas=2)",
      { default: 1, min: 1, max: 32_767 },
    ),
    ...CONNECTION_FLAGS,
  },
  examples: [[
    "deno task topic --topic loyalty --partitions 6",
    "A topic of another name and size",
  ]],
}, async (flags) => {
  const { topic, partitions, "replication-factor": replicationFactor } = flags;
  const wanted = { topic, partitions, replicationFactor };
  const { config, ...options } = connectionFrom(flags);
  const result = await createTopic(config, wanted, options);
  printLine(describeTopicResult(wanted, result));
});

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
