/**
 * Topics for the page.
 *
 * @module
 */

import { deadLetterTopic } from "../consume/dead_letters/dead_letter.ts";
import type { TopicCatalog, TopicPlaces } from "../kafka/catalog.ts";
import { checkTopicName, missingTopic } from "../kafka/topic.ts";
import type { PartitionAnswer, TopicAnswer, TopicSummary } from "./api.ts";
import type { Pipeline } from "./pipeline.ts";

/** A topic with its partitions. */
export interface FoundTopic {
  readonly name: string;
  /** Its partitions, by number. */
  readonly partitions: readonly PartitionAnswer[];
}

/** Finds all topics. */
export function topicsOf(pipeline: Pipeline): Promise<FoundTopic[]> {
  return pipeline.share(
    "topics",
    () =>
      pipeline.ask(
        (kafka) => kafka.catalog(),
        async (catalog) => await describe(catalog, await catalog.list()),
      ),
  );
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
      const { low, high } = offsets.get(name)?.get(place.partition) ??
        { low: 0n, high: 0n };
      return {
        ...place,
        first: String(low),
        next: String(high),
        messages: Number(high - low),
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
    messages: partitions.reduce((sum, { messages }) => sum + messages, 0),
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
