/**
 * `deno task demo`: the whole pipeline once. Topic, five events produced, the same five consumed, and the proof of it.
 *
 * @module
 */

import type { Config } from "../settings/config.ts";
import { ConsumeReport } from "./consume_report.ts";
import { consume } from "../consume/consume.ts";
import { PipelineError, StoppedError } from "../base/errors.ts";
import { freePorts, isPortFree } from "../engine/ports.ts";
import { withAdmin } from "../kafka/client.ts";
import { generatedEvents } from "../produce/sources/generated.ts";
import { chooseEvent, EVENT_FLAG } from "./event_choice.ts";
import { task } from "./command.ts";
import { switchFlag } from "./flags.ts";
import { note, printLine } from "./output.ts";
import { stopSignal } from "./signals.ts";
import { produceItems } from "../produce/produce.ts";
import { ProduceReport } from "./produce_report.ts";
import type { EventRecord } from "../events/record.ts";
import { createTopic } from "../kafka/topic.ts";
import { type PortChoice, withEngine } from "./own_engine.ts";
import { describeTopicResult } from "./topic_command.ts";

/** The topic that the demo uses, laid out as `deno task topic` does. */
const TOPIC = { topic: "demo", partitions: 3, replicationFactor: 1 } as const;
const { type, text } = chooseEvent(EVENT_FLAG.default);
const COUNT = 5;
const INTERVAL_MS = 200;
/** How long the consumer may take to see them all, in milliseconds. */
const DEADLINE_MS = 120_000;

/** The command. */
export const demoCommand = task({
  name: "demo",
  summary:
    "Runs the whole pipeline once: starts Kafka and the registry unless those of this checkout run, creates the topic,\n" +
    "produces five events, consumes them, checks that they are the same, and stops what it started.",
  flags: {
    keep: switchFlag("leave Kafka and the registry running"),
  },
  examples: [["deno task demo", "See it work"]],
}, async ({ keep }) => {
  using stop = stopSignal();
  const { signal } = stop;
  await withEngine(
    { keep, signal, ports: choosePorts },
    (config) => run(config, signal),
  );
});

/**
 * Chooses the usual ports for an engine that has to be started, or others if another program listens on one of them: another
 * program's Kafka is never used.
 */
async function choosePorts(runs: boolean): Promise<PortChoice> {
  if (runs) return {};
  const usual = [9092, 8081];
  const free = await Promise.all(usual.map(isPortFree));
  const taken = usual.filter((_, index) => !free[index]);
  if (taken.length === 0) return {};
  const [kafkaPort, registryPort] = freePorts(2);
  note(
    `Another program listens on port ${
      taken.join(" and ")
    }: using ports ${kafkaPort} and ${registryPort} instead.`,
  );
  return { kafkaPort, registryPort };
}

/** Runs the demo. The consumer has a group of its own, so that the demo says the same beside whatever else uses the topic. */
async function run(config: Config, signal: AbortSignal): Promise<void> {
  const group = `cafe-demo-${crypto.randomUUID().slice(0, 8)}`;
  const { topic } = TOPIC;
  printLine(
    describeTopicResult(
      TOPIC,
      await createTopic(config, TOPIC, { notify: note, signal }),
    ),
  );

  const produced: EventRecord<unknown>[] = [];
  const consumed: EventRecord<unknown>[] = [];
  const seenAll = new AbortController();
  let complete = false;
  const stopWhenSeen = () => {
    const seen = consumed.map(({ event }) => text.name(event));
    if (
      complete && produced.every(({ event }) => seen.includes(text.name(event)))
    ) seenAll.abort();
  };
  const ready = Promise.withResolvers<void>();
  const consuming = consume(type, (record) => {
    consumed.push(record);
    stopWhenSeen();
  }, {
    notify: note,
    config,
    topic,
    group,
    from: "latest",
    signal: AbortSignal.any([
      seenAll.signal,
      AbortSignal.timeout(DEADLINE_MS),
      signal,
    ]),
    assigned: () => ready.resolve(),
  });
  await Promise.race([ready.promise, consuming]);

  heading("deno task produce");
  const lines = { topic, group, text, json: false, quiet: false };
  const report = new class extends ProduceReport {
    override delivered(record: EventRecord<unknown>) {
      produced.push(record);
      super.delivered(record);
    }
  }({ ...lines, count: COUNT });
  report.starting();
  const summary = await produceItems(
    type,
    generatedEvents(type, { count: COUNT, intervalMs: INTERVAL_MS, signal }),
    {
      notify: note,
      config,
      topic,
      observer: report,
    },
  );
  await report.done(summary.complete && !signal.aborted);
  complete = true;
  stopWhenSeen();
  await consuming;
  if (signal.aborted) throw new StoppedError("The demo was stopped");

  heading("deno task consume");
  const shown = new ConsumeReport(lines);
  shown.starting();
  shown.assigned([]);
  for (const record of consumed) shown.consumed(record, { signal });
  await shown.closed();

  heading("Check");
  const names = produced.map(({ event }) => text.name(event)).sort();
  const seen = consumed.map(({ event }) => text.name(event))
    .filter((name) => names.includes(name)).sort();
  if (names.length !== COUNT || seen.join() !== names.join()) {
    throw new PipelineError(
      `The ${COUNT} events were not all delivered and consumed once`,
      {
        hint: `Delivered: ${names.join(", ")}\nConsumed: ${seen.join(", ")}`,
      },
    );
  }
  printLine(`The ${COUNT} events produced are the ${COUNT} consumed.`);
  await checkCommits(config, group, consumed);
}

function heading(text: string): void {
  printLine(`\n── ${text} ${"─".repeat(Math.max(0, 76 - text.length))}\n`);
}

/** Checks that the group's offsets cover every record, and removes the group. */
async function checkCommits(
  config: Config,
  group: string,
  records: readonly EventRecord<unknown>[],
): Promise<void> {
  const { topic } = TOPIC;
  await withAdmin(config, {}, async (admin) => {
    const committed = await admin.committedOffsets(group, topic);
    const open = records.filter(({ partition, offset }) =>
      (committed.get(partition) ?? -1n) <= BigInt(offset)
    );
    if (open.length > 0) {
      throw new PipelineError(
        `Not committed: ${
          open.map(({ partition, offset }) =>
            `${topic} [${partition}] offset=${offset}`
          ).join(", ")
        }`,
      );
    }
    const places = [...new Set(records.map(({ partition }) => partition))]
      .sort()
      .map((partition) => `[${partition}] ${committed.get(partition)}`);
    printLine(`Each is committed: ${topic} ${places.join(", ")}.`);
    await admin.deleteGroup(group);
  });
}
