/**
 * What `deno task consume` does: alone, or with threads that are members of the group each.
 *
 * @module
 */

import { type Config, type ConfigFlags, resolveConfig } from "../config.ts";
import { ConsumeReport } from "../consume_report.ts";
import { consumeEvents } from "../consumer.ts";
import { StoppedError } from "../errors.ts";
import { withAdmin } from "../kafka.ts";
import { explainKafkaError } from "../kafka_errors.ts";
import type { MessageCounts } from "../message_processor.ts";
import { startingOffsets } from "../starting_offsets.ts";
import { clientOptions } from "../task_flags.ts";
import { checkTopicName, describeTopic } from "../topic.ts";
import { runWorkers, usefulWorkers } from "./pool.ts";
import type { Share } from "./share.ts";
import { SharedRun } from "./shared_run.ts";

/** The flags of `deno task consume`. */
export interface ConsumeFlags extends ConfigFlags {
  /** The topic. */
  readonly topic: string;
  /** The consumer group. */
  readonly group: string;
  /** Where to begin when the group has no offset yet. */
  readonly from: "earliest" | "latest";
  /** Stop after so many orders. */
  readonly count?: number | undefined;
  /** Stop when nothing came for so long, in seconds. */
  readonly "idle-exit"?: number | undefined;
  /** What becomes of what can't be processed. */
  readonly "on-error": "dlq" | "stop";
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

/**
 * Consumes as the command line says, and prints it.
 *
 * @param flags The flags.
 * @param signal A stop.
 * @returns How many messages were processed.
 * @throws {PipelineError} What {@linkcode consumeEvents} throws.
 */
export async function consumeTask(
  flags: ConsumeFlags,
  signal: AbortSignal,
): Promise<MessageCounts> {
  const config = resolveConfig(flags);
  const report = new ConsumeReport(flags);
  report.starting();
  const workers = flags.workers ?? await consumersFor(flags, config, signal);
  const { stopping } = report;
  const counts = workers === 1
    ? await consume(flags, config, report, { signal, stopping })
    : await consumeInThreads(flags, { workers, signal, stopping });
  report.closed(counts);
  return counts;
}

async function consumeInThreads(
  flags: ConsumeFlags,
  options: {
    readonly workers: number;
    readonly signal: AbortSignal;
    readonly stopping: () => void;
  },
): Promise<MessageCounts> {
  const { count } = flags;
  const run = new SharedRun();
  const { workers, signal, stopping } = options;
  const { results, failure } = await runWorkers<MessageCounts>(
    "consume",
    flags,
    run,
    {
      workers,
      signal,
      notify: clientOptions(flags).notify,
      stopping: (threads) => threads === workers && stopping(),
      isOver: () => count !== undefined && run.reached(count),
    },
  );
  if (failure) throw failure.error;
  return results.reduce((sum, { consumed, passedOver }) => ({
    consumed: sum.consumed + consumed,
    passedOver: sum.passedOver + passedOver,
  }), { consumed: 0, passedOver: 0 });
}

/**
 * Consumes as one of the threads of a task.
 *
 * @param flags The task's flags.
 * @param share The thread's share.
 * @returns How many messages this thread processed.
 * @throws {PipelineError} What {@linkcode consumeEvents} throws.
 */
export async function consumeShare(
  flags: ConsumeFlags,
  share: Share,
): Promise<MessageCounts> {
  const { run } = share;
  // What is to be warned of has been told by the thread that started this one.
  const config = resolveConfig(flags, undefined, { warn: () => {} });
  const report = new ConsumeReport({ ...flags, run });
  return await consume(flags, config, report, share);
}

async function consume(
  flags: ConsumeFlags,
  config: Config,
  report: ConsumeReport,
  share: Pick<Share, "signal" | "stopping"> & Partial<Share>,
): Promise<MessageCounts> {
  const { topic, group, from, count, "idle-exit": idleExit } = flags;
  return await consumeEvents(config, report.consumed, {
    ...clientOptions(flags),
    ...(share.notify && { notify: share.notify }),
    topic,
    group,
    from,
    count,
    quota: count === undefined ? undefined : share.run?.quota(count),
    activity: share.run?.activity,
    ...(idleExit === undefined ? {} : { idleExitMs: idleExit * 1_000 }),
    signal: share.signal,
    onError: flags["on-error"],
    passedOver: report.passedOver,
    tombstone: report.tombstone,
    stopping: share.stopping,
  });
}

/**
 * Finds out how many threads a consumer is worth: looks at how much waits for the group, where that may be more than one.
 *
 * @param flags The flags.
 * @param config Where Kafka is.
 * @param signal A stop.
 * @param cores How many cores the machine has.
 * @returns The number of threads.
 * @throws {PipelineError} If Kafka can't be reached in time, or refuses.
 */
export async function consumersFor(
  flags: Omit<ConsumeFlags, "workers">,
  config: Config,
  signal: AbortSignal,
  cores: number = navigator.hardwareConcurrency,
): Promise<number> {
  const { topic, group, from, count = Infinity } = flags;
  if (usefulWorkers({ events: count, cores }) === 1) return 1;
  checkTopicName(topic);
  try {
    const options = { ...clientOptions(flags), signal };
    return await withAdmin(config, options, async (admin) => {
      if (!await describeTopic(admin, topic)) return 1;
      const starts = [
        ...(await startingOffsets(admin, {
          topic,
          group,
          from,
          isNewGroup: true,
        })).values(),
      ];
      const waiting = starts.reduce(
        (sum, { offset, high }) => sum + Number(high - offset),
        0,
      );
      const events = Math.min(count, waiting);
      return usefulWorkers({ events, most: starts.length, cores });
    });
  } catch (error) {
    // The consumer ends in the same way, and says so.
    if (error instanceof StoppedError) return 1;
    throw explainKafkaError(error, config, "Consuming");
  }
}
