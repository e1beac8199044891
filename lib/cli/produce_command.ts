/**
 * What `deno task produce` does.
 *
 * @module
 */

import type { Config, ConfigFlags } from "../settings/config.ts";
import { UsageError } from "../base/errors.ts";
import { checkEventTopic } from "./event_topic.ts";
import type { FilePlace } from "../produce/sources/lines.ts";
import {
  generatedOrders,
  openOrders,
  ordersFrom,
  ordersPath,
  type SourceItem,
} from "../produce/sources/order_source.ts";
import type { PartitionerName } from "../kafka/partitioner.ts";
import { produceEvents } from "../produce/produce.ts";
import { ProduceReport } from "./produce_report.ts";
import type { Acks, ProducerOptions } from "../produce/producer.ts";
import { ResumePoint } from "../produce/resume_point.ts";
import { clientOptions, configFrom } from "./task_flags.ts";

/** The flags of `deno task produce`. */
export interface ProduceFlags extends ConfigFlags {
  /** The topic. */
  readonly topic: string;
  /** How many orders. */
  readonly count?: number | undefined;
  /** Milliseconds between random orders. */
  readonly interval: number;
  /** The file that orders are read from; `-` is standard input. */
  readonly file?: string | undefined;
  /** How many brokers have to have an order. */
  readonly acks?: "0" | "1" | "all" | undefined;
  /** Which partition a key belongs to. */
  readonly partitioner: PartitionerName;
  /** Generates the same orders again. */
  readonly seed?: number | undefined;
  /** Whether no retry may put an order in the topic twice. */
  readonly idempotent: boolean;
  /** Where it is kept how far the file has been delivered. */
  readonly resume?: string | undefined;
  /** Print JSON and nothing else. */
  readonly json: boolean;
  /** Leave out the lines for each order. */
  readonly quiet: boolean;
  /** How long to wait for Kafka and the registry at the start, in seconds. */
  readonly timeout: number;
  /** Show stack traces and the libraries' log lines. */
  readonly debug: boolean;
}

const ACKS: Readonly<Record<"0" | "1" | "all", Acks>> = {
  "0": 0,
  "1": 1,
  "all": "all",
};

/** How many random orders are sent where no number is given. */
const DEFAULT_COUNT = 5;
/**
 * Produces as the command line says, and prints it.
 *
 * @param flags The flags.
 * @param signal A stop.
 * @returns Whether everything was sent, and printed.
 * @throws {UsageError} If flags contradict each other, or the topic is not for events.
 * @throws {PipelineError} What {@linkcode produceEvents} throws.
 */
export async function produceTask(
  flags: ProduceFlags,
  signal: AbortSignal,
): Promise<boolean> {
  const config = configFrom(flags);
  checkFlags(flags);
  const { topic, count = DEFAULT_COUNT } = flags;
  const orders = flags.file && ordersPath(flags.file);
  const resume = orders && flags.resume
    ? await ResumePoint.open(flags.resume, { orders, topic })
    : undefined;
  const start = resume?.start;
  const source = await sourceOf(flags, { signal, start });
  const report = new ProduceReport({ ...flags, count });
  report.starting(start);
  const summary = await produceEvents(config, source, {
    ...producerOptions(flags, config),
    observer: report,
    signal,
    resume,
  });
  report.done(summary);
  return summary.failed + summary.invalid === 0 && !report.broken;
}

function checkFlags(flags: ProduceFlags): void {
  const { idempotent, acks = "all", file, resume, topic } = flags;
  checkEventTopic(topic);
  if (idempotent && acks !== "all") {
    throw new UsageError(`--idempotent takes --acks all: "${acks}"`);
  }
  if (resume && !file) throw new UsageError("--resume goes with --file");
}

async function sourceOf(
  flags: ProduceFlags,
  options: {
    readonly signal: AbortSignal;
    readonly start: FilePlace | undefined;
  },
): Promise<AsyncIterable<SourceItem>> {
  const { file, count, interval: intervalMs, seed } = flags;
  const { signal, start } = options;
  if (!file) {
    return generatedOrders({
      count: count ?? DEFAULT_COUNT,
      intervalMs,
      seed,
      signal,
    });
  }
  const stream = await openOrders(ordersPath(file), start?.offset);
  return ordersFrom(stream, { count, signal, start });
}

function producerOptions(
  flags: ProduceFlags,
  config: Config,
): ProducerOptions {
  const { topic, acks, idempotent, partitioner } = flags;
  return {
    ...clientOptions(flags, config),
    topic,
    ...(acks ? { acks: ACKS[acks] } : {}),
    idempotent,
    partitioner,
  };
}
