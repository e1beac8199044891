/**
 * `deno task produce`: produces orders to the topic.
 *
 * @module
 */

import {
  CONFIG_FLAGS,
  EXIT,
  PARTITIONERS,
  produceTask,
  runTask,
  stopSignal,
  TIMEOUT_FLAG,
} from "../lib/mod.ts";

await runTask({
  name: "produce",
  summary:
    "Produces orders to the topic: random ones, or those of a file, one JSON object a line.",
  flags: {
    topic: {
      type: "string",
      value: "NAME",
      description: "the topic",
      default: "demo",
    },
    count: {
      type: "integer",
      value: "N",
      description: "how many orders: default 5 random ones, or all of a file",
      min: 1,
      max: 1_000_000_000,
    },
    interval: {
      type: "integer",
      value: "MS",
      description:
        "milliseconds between random orders; a file goes at full speed",
      default: 200,
      min: 0,
      max: 3_600_000,
    },
    file: {
      type: "string",
      value: "PATH",
      description: "read orders from a file; - is standard input",
    },
    acks: {
      type: "string",
      value: "N",
      description:
        "how many brokers have to have an order: default 1, or all with --idempotent",
      choices: ["0", "1", "all"],
    },
    partitioner: {
      type: "string",
      value: "NAME",
      description:
        "which partition a key belongs to: as librdkafka and Python have it, or as Java does",
      default: "crc32",
      choices: PARTITIONERS,
    },
    seed: {
      type: "integer",
      value: "N",
      description: "generate the same orders again",
      min: 0,
      max: 4_294_967_295,
    },
    idempotent: {
      type: "boolean",
      description: "no retry puts an order in the topic twice; takes acks all",
    },
    resume: {
      type: "string",
      value: "STATEFILE",
      description:
        "go on where the last run of --file stopped; a bare name is kept in .resume/",
    },
    json: {
      type: "boolean",
      description: "print one JSON object a line for each delivered order",
    },
    quiet: {
      type: "boolean",
      description: "leave out the lines for each order",
    },
    timeout: TIMEOUT_FLAG,
    ...CONFIG_FLAGS,
  },
  examples: [
    [
      "deno task produce --count 100 --interval 0",
      "100 random orders at full speed",
    ],
    [
      "deno task produce --file - < orders.ndjson",
      "The orders of a file, one JSON object a line",
    ],
  ],
}, async (flags) => {
  using stop = stopSignal();
  return await produceTask(flags, stop.signal) ? EXIT.done : EXIT.failed;
});
