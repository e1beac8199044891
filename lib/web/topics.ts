/**
 * Topics for the page.
 *
 * @module
 */

import { deadLetterTopic } from "../consume/dead_letters/dead_letter.ts";
import type { TopicPlaces } from "../kafka/catalog.ts";
import { checkTopicName, missingTopic } from "../kafka/topic.ts";
import type { PartitionAnswer, TopicAnswer, TopicSummary } from "./api.ts";
import type { Pipeline } from "./pipeline.ts";

/** A topic with its partitions. */
export interface FoundTopic {
  /** Its name. */
  readonly name: string;
  /** Its partitions, by number. */
  readonly partitions: readonly PartitionAnswer[];
}

/**
 * Finds all topics.
 *
 * @param pipeline Where Kafka is.
 * @throws {PipelineError} If Kafka can't be reached.
 */
export function topicsOf(pipeline: Pipeline): Promise<FoundTopic[]> {
  return pipeline.share(
    "topics",
    () =>
      pipeline.ask((kafka) => kafka.catalog(), async (catalog) => {
        const list = await catalog.list();
        const offsets = await catalog.offsets(list);
        const sizes = await catalog.sizes(list);
        return list.map((topic) => ({
          name: topic.name,
          partitions: partitionsOf(topic, {
            offsets: offsets.get(topic.name),
            sizes: sizes.get(topic.name),
          }),
        }));
      }),
  );
}

/**
 * Lists the topics.
 *
 * @param pipeline Where Kafka is.
 * @throws {PipelineError} If Kafka can't be reached.
 */
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
 * @param pipeline Where Kafka is.
 * @param name The topic.
 * @throws {PipelineError} If there is no such topic, or Kafka can't be reached.
 */
export async function topicAnswer(
  pipeline: Pipeline,
  name: string,
): Promise<TopicAnswer> {
  checkTopicName(name);
  const found = await pipeline.share(
    `topic ${name}`,
    () =>
      pipeline.ask((kafka) => kafka.catalog(), async (catalog) => {
        const topics = (await catalog.list())
          .filter((topic) => topic.name === name);
        const [topic] = topics;
        if (!topic) return undefined;
        const offsets = await catalog.offsets(topics);
        const sizes = await catalog.sizes(topics);
        return {
          name,
          partitions: partitionsOf(topic, {
            offsets: offsets.get(name),
            sizes: sizes.get(name),
          }),
          settings: await catalog.settings(name),
        };
      }),
  );
  if (!found) throw missingTopic(name);
  return found;
}

function partitionsOf(
  { partitions }: TopicPlaces,
  { offsets, sizes }: {
    readonly offsets:
      | ReadonlyMap<number, { readonly low: bigint; readonly high: bigint }>
      | undefined;
    readonly sizes: ReadonlyMap<number, number> | undefined;
  },
): PartitionAnswer[] {
  return partitions.map((place) => {
    const { low, high } = offsets?.get(place.partition) ??
      { low: 0n, high: 0n };
    return {
      ...place,
      first: String(low),
      next: String(high),
      messages: Number(high - low),
      bytes: sizes?.get(place.partition) ?? null,
    };
  });
}
