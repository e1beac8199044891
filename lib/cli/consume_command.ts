/**
 * What `deno task consume` does.
 *
 * @module
 */

import type { ConfigFlags } from "../settings/config.ts";
import { ConsumeReport } from "./consume_report.ts";
import { consumeEvents } from "../consume/consume.ts";
import type { MessageCounts } from "../consume/message_processor.ts";
import { checkEventTopic } from "./event_topic.ts";
import { output } from "./output.ts";
import { clientOptions, configFrom } from "./task_flags.ts";

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
}

/**
 * Consumes as the command line says, and prints it.
 *
 * @param flags The flags.
 * @param signal A stop.
 * @returns How many messages were processed.
 * @throws {UsageError} If the topic is not for events.
 * @throws {PipelineError} What {@linkcode consumeEvents} throws.
 */
export async function consumeTask(
  flags: ConsumeFlags,
  signal: AbortSignal,
): Promise<MessageCounts> {
  const { group, from, count, "idle-exit": idleExit } = flags;
  const topic = checkEventTopic(flags.topic);
  const config = configFrom(flags);
  const report = new ConsumeReport(flags);
  report.starting();
  const counts = await consumeEvents(config, report.consumed, {
    ...clientOptions(flags, config),
    topic,
    group,
    from,
    count,
    ...(idleExit === undefined ? {} : { idleExitMs: idleExit * 1_000 }),
    signal,
    onError: flags["on-error"],
    passedOver: report.passedOver,
    tombstone: report.tombstone,
    stopping: report.stopping,
    // What is committed has been shown.
    beforeCommit: () => output.written(),
  });
  report.closed(counts);
  return counts;
}
