/**
 * `deno task consume`: consumes the topic's orders and shows each.
 *
 * @module
 */

import {
  CONFIG_FLAGS,
  consumeTask,
  runTask,
  stopSignal,
  TIMEOUT_FLAG,
} from "../lib/mod.ts";

await runTask({
  name: "consume",
  summary:
    "Consumes the topic's orders, at least once each, and shows every one.",
  flags: {
    topic: {
      type: "string",
      value: "NAME",
      description: "the topic",
      default: "demo",
    },
    group: {
      type: "string",
      value: "NAME",
      description: "the consumer group, whose members share the partitions",
      default: "cafe-event-consumer-group",
    },
    from: {
      type: "string",
      value: "WHERE",
      description: "where to begin when the group has no offset yet",
      default: "earliest",
      choices: ["earliest", "latest"],
    },
    count: {
      type: "integer",
      value: "N",
      description: "stop after so many orders",
      min: 1,
      max: 1_000_000_000,
    },
    "idle-exit": {
      type: "number",
      value: "SECONDS",
      description: "stop when nothing came for so long",
      min: 0.1,
      max: 86_400,
    },
    "on-error": {
      type: "string",
      value: "WHAT",
      description:
        "keep what can't be processed in TOPIC.dlq and go on, or stop",
      default: "dlq",
      choices: ["dlq", "stop"],
    },
    json: {
      type: "boolean",
      description: "print one JSON object a line for each order",
    },
    quiet: {
      type: "boolean",
      description: "leave out the lines for each order",
    },
    timeout: TIMEOUT_FLAG,
    ...CONFIG_FLAGS,
  },
  examples: [
    ["deno task consume --count 5", "Five orders, and stop"],
    [
      "deno task consume --group audit --idle-exit 5 --json > orders.ndjson",
      "All that is there, as JSON",
    ],
  ],
}, async (flags) => {
  using stop = stopSignal();
  await consumeTask(flags, stop.signal);
});
