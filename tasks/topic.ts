/**
 * `deno task topic`: creates the topic.
 *
 * @module
 */

import {
  clientOptions,
  CONFIG_FLAGS,
  configFrom,
  createTopic,
  describeTopicResult,
  printLine,
  runTask,
  TIMEOUT_FLAG,
} from "../lib/mod.ts";

await runTask({
  name: "topic",
  summary: "Creates the topic. Where it exists already, it is left as it is.",
  flags: {
    topic: {
      type: "string",
      value: "NAME",
      description: "the topic",
      default: "demo",
    },
    partitions: {
      type: "integer",
      value: "N",
      description: "how many partitions it shall have",
      default: 3,
      min: 1,
      max: 10_000,
    },
    "replication-factor": {
      type: "integer",
      value: "N",
      description: "on how many brokers each partition shall be",
      default: 1,
      min: 1,
      max: 32_767,
    },
    timeout: TIMEOUT_FLAG,
    ...CONFIG_FLAGS,
  },
  examples: [[
    "deno task topic --topic orders --partitions 6",
    "A topic of another name and size",
  ]],
}, async (flags) => {
  const { topic, partitions, "replication-factor": replicationFactor } = flags;
  const wanted = { topic, partitions, replicationFactor };
  const config = configFrom(flags);
  const result = await createTopic(
    config,
    wanted,
    clientOptions(flags, config),
  );
  printLine(describeTopicResult(wanted, result));
});
