/**
 * What `deno task produce` does: alone, or with threads that send a part of the orders each.
 *
 * @module
 */

import { type Config, type ConfigFlags, resolveConfig } from "../config.ts";
import { UsageError } from "../errors.ts";
import type { FilePlace } from "../lines.ts";
import {
  generatedOrders,
  openOrders,
  ordersFrom,
  ordersPath,
  type SourceItem,
} from "../order_source.ts";
import type { PartitionerName } from "../partitioner.ts";
import { produceEvents, type ProduceSummary } from "../produce.ts";
import { ProduceReport } from "../produce_report.ts";
import type { Acks, ProducerOptions } from "../producer.ts";
import { ResumePoint } from "../resume_point.ts";
import { clientOptions } from "../task_flags.ts";
import { runWorkers, usefulWorkers } from "./pool.ts";
import type { Share } from "./share.ts";
import { SharedRun } from "./shared_run.ts";

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
  /** How many threads; what {@linkcode usefulWorkers} finds where it is left out. */
  readonly workers?: number | undefined;
}

/** What became of a run, or of a thread's share of it. */
export interface ProduceOutcome extends ProduceSummary {
  /** Why the output could not be written; nothing where it could, or where nobody reads it. */
  readonly unprinted: string | undefined;
}

const ACKS: Readonly<Record<"0" | "1" | "all", Acks>> = {
  "0": 0,
  "1": 1,
  "all": "all",
};

const NOTHING: ProduceOutcome = {
  delivered: 0,
  failed: 0,
  invalid: 0,
  unprinted: undefined,
};

/** How many random orders are sent where no number is given. */
const DEFAULT_COUNT = 5;
/** About how long a line of a file is, in bytes. */
const LINE_BYTES = 200;

/**
 * Produces as the command line says, and prints it.
 *
 * @param flags The flags.
 * @param signal A stop.
 * @returns Whether everything was sent, and printed.
 * @throws {UsageError} If flags contradict each other.
 * @throws {PipelineError} What {@linkcode produceEvents} throws.
 */
export async function produceTask(
  flags: ProduceFlags,
  signal: AbortSignal,
): Promise<boolean> {
  const config = resolveConfig(flags);
  checkFlags(flags);
  const workers = flags.workers ?? await workersFor(flags);
  const outcome = workers === 1
    ? await produceAlone(flags, config, signal)
    : await produceInThreads(flags, workers, signal);
  const { failed, invalid, unprinted } = outcome;
  return failed + invalid === 0 && unprinted === undefined;
}

function checkFlags(flags: ProduceFlags): void {
  const { idempotent, acks = "all", file, resume, workers = 1 } = flags;
  if (idempotent && acks !== "all") {
    throw new UsageError(`--idempotent takes --acks all: "${acks}"`);
  }
  if (resume && !file) throw new UsageError("--resume goes with --file");
  const reason = workers > 1 ? whyAlone(flags) : undefined;
  if (reason !== undefined) {
    throw new UsageError(`--workers ${workers} can't be: ${reason}`);
  }
}

/** Says why only one thread can send these orders, where that is so. */
function whyAlone(flags: ProduceFlags): string | undefined {
  const { file, resume, seed, interval } = flags;
  if (file === "-") return "standard input has one reader";
  if (resume) return "--resume keeps one place in the file";
  if (file) return undefined;
  if (seed !== undefined) return "--seed generates one sequence of orders";
  return interval > 0 ? "it goes with --interval 0 or --file" : undefined;
}

async function workersFor(flags: ProduceFlags): Promise<number> {
  if (whyAlone(flags) !== undefined) return 1;
  const { file, count = file ? Infinity : DEFAULT_COUNT } = flags;
  if (!file || usefulWorkers({ events: count }) === 1) {
    return usefulWorkers({ events: count });
  }
  // A file that can't be read is complained of where it is read.
  const { size } = await Deno.stat(ordersPath(file)).catch(() => ({ size: 0 }));
  return usefulWorkers({ events: Math.min(count, size / LINE_BYTES) });
}

async function produceAlone(
  flags: ProduceFlags,
  config: Config,
  signal: AbortSignal,
): Promise<ProduceOutcome> {
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
    ...producerOptions(flags),
    observer: report,
    signal,
    resume,
  });
  report.done(summary);
  return { ...summary, unprinted: report.failure };
}

async function produceInThreads(
  flags: ProduceFlags,
  wanted: number,
  signal: AbortSignal,
): Promise<ProduceOutcome> {
  const { file, count = DEFAULT_COUNT } = flags;
  const workers = file ? wanted : Math.min(wanted, count);
  // A file that can't be read is no thread's to complain of.
  if (file) await (await openOrders(ordersPath(file))).cancel();
  const run = new SharedRun();
  const report = new ProduceReport({ ...flags, count, run });
  report.starting();
  // As with one thread: what nobody can be told of is not sent.
  if (report.broken) return endOf(report, NOTHING);
  const { results, failure } = await runWorkers<ProduceOutcome>(
    "produce",
    flags,
    run,
    {
      workers,
      signal,
      notify: clientOptions(flags).notify,
      stopping: (threads) => threads === workers && report.flushing(),
    },
  );
  const outcome = sum(results);
  if (failure) {
    if (outcome.delivered > 0) {
      console.error(`The other threads delivered ${outcome.delivered} orders.`);
    }
    throw failure.error;
  }
  return endOf(report, outcome);
}

/** Prints the account of threads. */
function endOf(report: ProduceReport, outcome: ProduceOutcome): ProduceOutcome {
  const unprinted = outcome.unprinted ?? report.failure;
  report.done(outcome, unprinted);
  return { ...outcome, unprinted };
}

function sum(outcomes: readonly ProduceOutcome[]): ProduceOutcome {
  return outcomes.reduce((all, one) => ({
    delivered: all.delivered + one.delivered,
    failed: all.failed + one.failed,
    invalid: all.invalid + one.invalid,
    unprinted: all.unprinted ?? one.unprinted,
  }), NOTHING);
}

/**
 * Produces as one of the threads of a task.
 *
 * @param flags The task's flags.
 * @param share The thread's share: of random orders an equal number, of a file's the orders of its own customers, whose order
 * is kept that way.
 * @returns What became of the share.
 * @throws {PipelineError} What {@linkcode produceEvents} throws.
 */
export async function produceShare(
  flags: ProduceFlags,
  share: Share,
): Promise<ProduceOutcome> {
  const { run, index, of, signal, notify, stopping } = share;
  const { file, count = DEFAULT_COUNT } = flags;
  const own = Math.floor(count / of) + (index < count % of ? 1 : 0);
  const source = await sourceOf(file ? flags : { ...flags, count: own }, share);
  // What is to be warned of has been told by the thread that started this one.
  const config = resolveConfig(flags, undefined, { warn: () => {} });
  const report = new ProduceReport({
    ...flags,
    count,
    run,
    flushing: stopping,
  });
  const summary = await produceEvents(config, source, {
    ...producerOptions(flags),
    notify,
    observer: report,
    signal,
  });
  return { ...summary, unprinted: report.failure };
}

async function sourceOf(
  flags: ProduceFlags,
  options: Pick<Share, "signal"> & Partial<Share> & {
    readonly start?: FilePlace | undefined;
  },
): Promise<AsyncIterable<SourceItem>> {
  const { file, count, interval: intervalMs, seed } = flags;
  const { signal, start, index, of } = options;
  if (!file) {
    return generatedOrders({
      count: count ?? DEFAULT_COUNT,
      intervalMs,
      seed,
      signal,
    });
  }
  return ordersFrom(await openOrders(ordersPath(file), start?.offset), {
    count,
    signal,
    start,
    ...(index === undefined || of === undefined ? {} : { part: { index, of } }),
  });
}

function producerOptions(flags: ProduceFlags): ProducerOptions {
  const { topic, acks, idempotent, partitioner } = flags;
  return {
    ...clientOptions(flags),
    topic,
    ...(acks ? { acks: ACKS[acks] } : {}),
    idempotent,
    partitioner,
  };
}
