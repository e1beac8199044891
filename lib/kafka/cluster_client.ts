/**
 * What the clients have in common that need more than kafkajs' public ones offer.
 *
 * @module
 */

import type { Kafka } from "./kafkajs.ts";
import { Admin, type OffsetRange } from "./admin.ts";
import { type Cluster, clusterOf, inTime } from "./cluster.ts";
import { missingLeader } from "./errors.ts";

/** The offsets of all of a topic's partitions; undefined for one that has no leader. */
export type TopicRanges = ReadonlyMap<number, OffsetRange | undefined>;

/** A client with kafkajs' own connection to the cluster as well. */
export class ClusterClient extends Admin {
  protected readonly cluster: Cluster;
  /** Resolves when the last request for a topic's offsets has ended. */
  #rangesRead: Promise<unknown> = Promise.resolve();

  /** Makes the client. It doesn't connect yet. */
  constructor(kafka: Kafka) {
    super(kafka);
    this.cluster = clusterOf(kafka);
  }

  override async connect(): Promise<void> {
    await Promise.all([super.connect(), this.cluster.connect()]);
  }

  override async disconnect(): Promise<void> {
    await Promise.all([super.disconnect(), this.cluster.disconnect()]);
  }

  /**
   * Reads which offsets each partition of a topic has. Calls wait for each other: asking for one topic's layout takes the other topics
   * out of kafkajs' metadata, and a request for their offsets that is under way fails.
   *
   * @returns The offsets by partition, undefined for one that has no leader; or undefined if the topic does not exist.
   */
  ranges(topic: string): Promise<TopicRanges | undefined> {
    const found = this.#rangesRead.then(() => this.#readRanges(topic));
    this.#rangesRead = found.catch(() => {});
    return found;
  }

  async #readRanges(topic: string): Promise<TopicRanges | undefined> {
    // kafkajs asks for the offsets of a topic that does not exist again and again.
    const layout = await inTime(this.topicLayout(topic));
    if (!layout) return undefined;
    const found = await inTime(this.offsetRanges(topic));
    return new Map(
      Array.from({ length: layout.partitions }, (_, n) => [n, found.get(n)]),
    );
  }
}

/**
 * Takes what was found of each partition.
 *
 * @throws {OutageError} If nothing was found of one, as it has no leader.
 */
export function requireLeaders<T>(
  topic: string,
  found: ReadonlyMap<number, T | undefined>,
): Map<number, T> {
  const led = new Map<number, T>();
  const leaderless: number[] = [];
  for (const [partition, value] of found) {
    if (value === undefined) leaderless.push(partition);
    else led.set(partition, value);
  }
  if (leaderless.length > 0) throw missingLeader(topic, leaderless);
  return led;
}
