/**
 * What a cluster has of topics: their partitions, sizes and settings.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { OffsetRange, TopicSetting } from "./admin.ts";
import { inTime } from "./cluster.ts";
import { ClusterClient } from "./cluster_client.ts";
import { isKafkaOutage, protocolCodeOf } from "./errors.ts";
import { type RawRequest, sendRaw } from "./patches/raw_request.ts";

/** Where a partition is kept. */
export interface PartitionPlace {
  readonly partition: number;
  /** The broker that leads it; -1 if it has none. */
  readonly leader: number;
  readonly replicas: readonly number[];
  /** Those of them that have all of it. */
  readonly inSync: readonly number[];
}

/** A topic, and where its partitions are kept. */
export interface TopicPlaces {
  readonly name: string;
  readonly partitions: readonly PartitionPlace[];
}

interface LogSize {
  readonly topic: string;
  readonly partition: number;
  readonly bytes: number;
}

/** What Kafka's own topics begin with. */
const INTERNAL_PREFIX = "__";

/** DescribeLogDirs, version 1, of all topics. The list is empty if the user lacks the right Describe on the cluster. */
const LOG_DIRS: RawRequest<LogSize[]> = {
  apiKey: 35,
  apiVersion: 1,
  apiName: "DescribeLogDirs",
  // No list at all stands for every topic.
  write: (encoder) => encoder.writeBuffer(Buffer.from([255, 255, 255, 255])),
  read(decoder) {
    decoder.forward(4);
    return decoder.readArray((folder) => {
      folder.forward(2);
      folder.readString();
      return folder.readArray((found) => {
        const topic = found.readString() ?? "";
        return found.readArray((log) => {
          const partition = log.readInt32();
          const bytes = Number(log.readInt64());
          log.forward(8);
          // A copy that will take the place of this one.
          const isFuture = log.readBoolean();
          return { topic, partition, bytes: isFuture ? 0 : bytes };
        });
      }).flat();
    }).flat();
  },
};

/** A client for questions about topics. */
export class TopicCatalog extends ClusterClient {
  /** Lists the topics that the user may see, by name, without Kafka's own. */
  async list(): Promise<TopicPlaces[]> {
    const { topics } = await inTime(this.admin.fetchTopicMetadata());
    return topics
      .filter(({ name }) => !name.startsWith(INTERNAL_PREFIX))
      .map(({ name, partitions }) => ({
        name,
        partitions: partitions
          .map(({ partitionId, leader, replicas, isr }) => ({
            partition: partitionId,
            leader,
            replicas,
            inSync: isr,
          }))
          .sort((a, b) => a.partition - b.partition),
      }))
      .sort((a, b) => a.name < b.name ? -1 : 1);
  }

  /** Reads which offsets the partitions of topics have, by topic. Those without a leader, and those that are gone by now, are left out. */
  async offsets(
    topics: readonly TopicPlaces[],
  ): Promise<ReadonlyMap<string, ReadonlyMap<number, OffsetRange>>> {
    const wanted = topics.map(({ name, partitions }) => ({
      topic: name,
      partitions: partitions.map(({ partition }) => ({ partition })),
    }));
    // Of all topics: to name one that is deleted meanwhile would be an error.
    await inTime(this.cluster.refreshMetadata());
    const ask = async (fromBeginning: boolean) => {
      const found = await inTime(
        this.cluster.fetchTopicsOffset(
          wanted.map((topic) => ({ ...topic, fromBeginning })),
        ),
      );
      return new Map(
        found.map(({ topic, partitions }) => [
          topic,
          new Map(partitions.map((one) => [one.partition, one.offset])),
        ]),
      );
    };
    const lows = await ask(true);
    const highs = await ask(false);
    return new Map(
      [...highs].map(([topic, partitions]) => [
        topic,
        new Map([...partitions].map(([partition, high]) => {
          const low = lows.get(topic)?.get(partition) ?? high;
          return [partition, { low: BigInt(low), high: BigInt(high) }];
        })),
      ]),
    );
  }

  /** Reads how many bytes the leaders of partitions keep on their disks, by topic. What a broker does not tell is left out. */
  async sizes(
    topics: readonly TopicPlaces[],
  ): Promise<ReadonlyMap<string, ReadonlyMap<number, number>>> {
    const leaders = new Map(
      topics.map(({ name, partitions }) => [
        name,
        new Map(partitions.map((one) => [one.partition, one.leader])),
      ]),
    );
    const sizes = new Map<string, Map<number, number>>();
    await inTime(this.cluster.refreshMetadata());
    await Promise.all(
      this.cluster.getNodeIds().map(async (nodeId) => {
        const logs = await this.#logs(nodeId).catch((error) => {
          if (isKafkaOutage(error)) return [];
          throw error;
        });
        for (const { topic, partition, bytes } of logs) {
          if (leaders.get(topic)?.get(partition) !== Number(nodeId)) continue;
          const found = sizes.getOrInsert(topic, new Map());
          found.set(partition, (found.get(partition) ?? 0) + bytes);
        }
      }),
    );
    return sizes;
  }

  async #logs(nodeId: string): Promise<LogSize[]> {
    const broker = await inTime(this.cluster.findBroker({ nodeId }));
    return await inTime(sendRaw(broker, LOG_DIRS));
  }

  /** Reads a topic's settings. Returns the settings, by name; empty if the user may not see them. */
  async settings(topic: string): Promise<TopicSetting[]> {
    try {
      const found = await inTime(this.topicSettings(topic));
      return found.sort((a, b) => a.name < b.name ? -1 : 1);
    } catch (error) {
      if (protocolCodeOf(error) !== "TOPIC_AUTHORIZATION_FAILED") throw error;
      return [];
    }
  }
}
