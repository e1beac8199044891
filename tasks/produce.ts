/**
 * `deno task produce`: produces orders to the topic.
 *
 * @module
 */

import {
  type Acks,
  clientOptions,
  CONFIG_FLAGS,
  EXIT,
  generatedOrders,
  openOrders,
  ordersFrom,
  ordersPath,
  PARTITIONERS,
  produceEvents,
  ProduceReport,
  resolveConfig,
  ResumePoint,
  runTask,
  stopSignal,
  TIMEOUT_FLAG,
  UsageError,
} from "../lib/mod.ts";

const ACKS: Readonly<Record<"0" | "1" | "all", Acks>> = {
  "0": 0,
  "1": 1,
  "all": "all",
};

/** How many random orders are sent where no number is given. */
const DEFAULT_COUNT = 5;

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
  const { topic, count } = flags;
  const config = resolveConfig(flags);
  using stop = stopSignal();
  const { signal } = stop;
  if (flags.idempotent && (flags.acks ?? "all") !== "all") {
    throw new UsageError(`--idempotent takes --acks all: "${flags.acks}"`);
  }
  const file = flags.file && ordersPath(flags.file);
  if (flags.resume && !file) throw new UsageError("--resume goes with --file");
  const resume = file && flags.resume
    ? await ResumePoint.open(flags.resume, { orders: file, topic })
    : undefined;
  const start = resume?.start;
  const source = file
    ? ordersFrom(await openOrders(file, start?.offset), {
      count,
      signal,
      start,
    })
    : generatedOrders({
      count: count ?? DEFAULT_COUNT,
      intervalMs: flags.interval,
      seed: flags.seed,
      signal,
    });
  const report = new ProduceReport({
    topic,
    file: flags.file,
    count: count ?? DEFAULT_COUNT,
    json: flags.json,
    quiet: flags.quiet,
  });
  report.starting(start);
  const summary = await produceEvents(config, source, {
    ...clientOptions(flags),
    topic,
    ...(flags.acks ? { acks: ACKS[flags.acks] } : {}),
    idempotent: flags.idempotent,
    partitioner: flags.partitioner,
    observer: report,
    signal,
    resume,
  });
  report.done(summary);
  const wrong = summary.failed + summary.invalid > 0 || report.broken;
  return wrong ? EXIT.failed : EXIT.done;
});
