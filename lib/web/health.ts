/**
 * Whether what the page shows can be reached, and whether the store goes on.
 *
 * @module
 */

import { OutageError, PipelineError } from "../base/errors.ts";
import { within } from "../base/pause.ts";
import { EventRegistry } from "../registry/registry.ts";
import { errorAnswer } from "./answers.ts";
import type { Health, Status } from "./api.ts";
import type { Pipeline } from "./pipeline.ts";
import type { StoreReader } from "./store_reader.ts";

/** How long an answer may take, in milliseconds: a later one counts as none. */
const ANSWER_MS = 4_000;
/** For how long nothing has to be stored until that counts as standing still, in milliseconds. */
const STILL_MS = 5_000;

/** Makes what looks at Kafka, at the registry, and at the store by asking it where it stands. */
export function healthWatch(
  pipeline: Pipeline,
  store: Pick<StoreReader, "version">,
): () => Promise<Status> {
  const { readOnly, topic, config, connection, advise, signal } = pipeline;
  let seen = { version: "", since: 0 };

  const healthOf = async (
    what: string,
    asked: Promise<unknown>,
  ): Promise<Health> => {
    try {
      await within(asked, {
        timeoutMs: ANSWER_MS,
        signal,
        late: () => new OutageError(`${what} does not answer`),
      });
      return { ok: true };
    } catch (error) {
      return { ok: false, ...errorAnswer(error, advise) };
    }
  };

  /** Counts the messages that a store has still to read which stands still; 0 if it goes on, or Kafka doesn't say. */
  const behind = async (version: string): Promise<number> => {
    if (version !== seen.version) seen = { version, since: Date.now() };
    if (Date.now() - seen.since < STILL_MS) return 0;
    try {
      return await countBehind(pipeline, JSON.parse(version));
    } catch (error) {
      // Of Kafka the page hears otherwise; and this user may not know a topic's offsets.
      if (error instanceof PipelineError) return 0;
      throw error;
    }
  };

  return async () => {
    const version = store.version();
    const [kafka, registry, database, left] = await Promise.all([
      healthOf(
        "Kafka",
        pipeline.ask(
          (kafka) => kafka.inspector(),
          (inspector) => inspector.brokers(),
        ),
      ),
      healthOf(
        "The Schema Registry",
        EventRegistry.connect(config, { ...connection, timeoutMs: 0 }),
      ),
      healthOf("The database", version),
      version.then(behind, () => 0),
    ]);
    return { readOnly, topic, kafka, registry, store: database, behind: left };
  };
}

interface StorePosition {
  readonly topic: string;
  readonly partition: number | string;
  readonly next: number | string;
}

/** Counts what is in Kafka after the store's positions. */
function countBehind(
  pipeline: Pipeline,
  positions: readonly StorePosition[],
): Promise<number> {
  const topics = Map.groupBy(positions, ({ topic }) => topic);
  return pipeline.ask(
    (kafka) => kafka.catalog(),
    async (catalog) => {
      let behind = 0n;
      for (const [topic, rows] of topics) {
        const ranges = await catalog.ranges(topic);
        for (const { partition, next } of rows) {
          const end = ranges?.get(Number(partition))?.high ?? 0n;
          if (end > BigInt(next)) behind += end - BigInt(next);
        }
      }
      return Number(behind);
    },
  );
}
