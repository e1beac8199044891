/**
 * Topics for the page.
 *
 * @module
 */

import { deadLetterTopic } from "../consume/dead_letters/dead_letter.ts";
import { throughOutages } from "../base/retry.ts";
import type { TopicCatalog, TopicPlaces } from "../kafka/catalog.ts";
import { isStaleMetadata } from "../kafka/errors.ts";
import { checkTopicName, missingTopic } from "../kafka/topic.ts";
import type { TopicAnswer, TopicSummary } from "./api.ts";
import type { Pipeline } from "./pipeline.ts";

/** For how long the offsets of all topics are asked for again while topics are made and deleted, in milliseconds. */
const CHANGE_MS = 2_000;

/** A topic with its partitions. */
type FoundTopic = Omit<TopicAnswer, "settings">;

/** Finds all topics. */
export function topicsOf(pipeline: Pipeline): Promise<FoundTopic[]> {
  return pipeline.share("topics", async () => {
    // A topic that is made or deleted meanwhile fails the question for the offsets of all.
    const found = await throughOutages(
      () =>
        pipeline.ask(
          (kafka) => kafka.catalog(),
          async (catalog) => await describe(catalog, await catalog.list()),
        ),
      { isOutage: isStaleMetadata, timeoutMs: CHANGE_MS },
    );
    return found ?? [];
  });
}

async function describe(
  catalog: TopicCatalog,
  topics: readonly TopicPlaces[],
): Promise<FoundTopic[]> {
  const offsets = await catalog.offsets(topics);
  const sizes = await catalog.sizes(topics);
  return topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map((place) => {
      const found = offsets.get(name)?.get(place.partition);
      return {
        ...place,
        first: found ? String(found.low) : null,
        next: found ? String(found.high) : null,
        messages: found ? Number(found.high - found.low) : null,
        bytes: sizes.get(name)?.get(place.partition) ?? null,
      };
    }),
  }));
}

/** Lists the topics. */
export async function topicsAnswer(
  pipeline: Pipeline,
): Promise<TopicSummary[]> {
  const topics = await topicsOf(pipeline);
  const sources = new Map(
    topics.map(({ name }) => [deadLetterTopic(name), name]),
  );
  return topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.length,
    messages: partitions.reduce(
      (sum, { messages }) => sum + (messages ?? 0),
      0,
    ),
    bytes: partitions.reduce<number | null>(
      (sum, { bytes }) => sum === null || bytes === null ? null : sum + bytes,
      0,
    ),
    deadLettersOf: sources.get(name) ?? null,
  }));
}

/**
 * Describes a topic.
 *
 * @throws {PipelineError} If there is no such topic, or Kafka can't be reached.
 */
export async function topicAnswer(
  pipeline: Pipeline,
  name: string,
): Promise<TopicAnswer> {
  checkTopicName(name);
  return await pipeline.share(
    `topic ${name}`,
    () =>
      pipeline.ask((kafka) => kafka.catalog(), async (catalog) => {
        const all = await catalog.list();
        const places = all.filter((topic) => topic.name === name);
        const [topic] = await describe(catalog, places);
        if (!topic) throw missingTopic(name, all.map(({ name }) => name));
        return { ...topic, settings: await catalog.settings(name) };
      }),
  );
}
