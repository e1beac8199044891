/**
 * What this project asks of a cluster besides messages.
 *
 * @module
 */

import type { Admin as KafkajsAdmin, Kafka } from "./kafkajs.ts";
import { OutageError } from "../base/errors.ts";
import { throughOutages } from "../base/retry.ts";
import { inTime } from "./cluster.ts";
import type { Connectable } from "./connectable.ts";
import { isStaleMetadata, protocolCodeOf } from "./errors.ts";
import { loadKafkajs } from "./patches/load.ts";

/** A broker, by the address that it gives to clients. */
export interface AdvertisedBroker {
  readonly nodeId: number;
  /** Its address, as `host:port`. */
  readonly address: string;
}

/** The topic to create. */
export interface TopicSpec {
  /** Its name. */
  readonly topic: string;
  /** How many partitions it gets. Equals `--partitions` of `kafka-topics`. */
  readonly partitions: number;
  /** On how many brokers each partition is kept. Equals `--replication-factor` of `kafka-topics`. */
  readonly replicationFactor: number;
  /** Settings of its own, by Kafka's names, such as `max.message.bytes`. Equals `--config` of `kafka-topics`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Whether Kafka only checks that it could be created. By default: `false`. */
  readonly validateOnly?: boolean;
}

/** How a topic is laid out. */
export interface TopicLayout {
  /** How many partitions it has. */
  readonly partitions: number;
  /** On how many brokers each partition is kept; the fewest, if they differ. */
  readonly replicationFactor: number;
}

/** A setting of a topic. */
export interface TopicSetting {
  readonly name: string;
  /** Its value; null if Kafka keeps it secret. */
  readonly value: string | null;
  /** Whether the topic has no value of its own. */
  readonly isDefault: boolean;
}

/** Kafka's number for a setting that is the topic's own. */
const TOPIC_SOURCE = 1;

/** The offsets that a partition has. */
export interface OffsetRange {
  /** The offset of the first message. */
  readonly low: bigint;
  /** The offset after the last message. */
  readonly high: bigint;
}

/** Offsets by partition. */
export type Offsets = ReadonlyMap<number, bigint>;

/** How long the brokers may take to know a topic that the controller has created, in milliseconds. */
const KNOWN_TIMEOUT_MS = 10_000;

/** Waits for offsets for which kafkajs asks twice: it fails with a TypeError if a partition loses its leader in between. */
async function askedTwice<T>(offsets: Promise<T>): Promise<T> {
  try {
    return await offsets;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new OutageError("A partition has lost its leader", { cause: error });
  }
}

/** A client for questions about a cluster, and changes to it. */
export class Admin implements Connectable {
  protected readonly admin: KafkajsAdmin;

  /** Makes the client. It doesn't connect yet. */
  constructor(kafka: Kafka) {
    this.admin = kafka.admin();
  }

  connect(): Promise<void> {
    return this.admin.connect();
  }

  disconnect(): Promise<void> {
    return this.admin.disconnect();
  }

  /** Reads how a topic is laid out; undefined if it does not exist. */
  async topicLayout(topic: string): Promise<TopicLayout | undefined> {
    try {
      const { topics } = await this.admin.fetchTopicMetadata({
        topics: [topic],
      });
      const partitions = topics[0]?.partitions ?? [];
      if (partitions.length === 0) return undefined;
      const replicas = partitions.map(({ replicas }) => replicas.length);
      return {
        partitions: partitions.length,
        replicationFactor: replicas.reduce((a, b) => Math.min(a, b)),
      };
    } catch (error) {
      if (protocolCodeOf(error) !== "UNKNOWN_TOPIC_OR_PARTITION") throw error;
      return undefined;
    }
  }

  /** Lists the names of the topics that the user may see. */
  topicNames(): Promise<string[]> {
    return inTime(this.admin.listTopics());
  }

  /** Creates a topic, and waits until the brokers know it. Returns whether it was created; false if it exists. */
  async createTopic(spec: TopicSpec): Promise<boolean> {
    const {
      topic,
      partitions,
      replicationFactor,
      settings = {},
      validateOnly = false,
    } = spec;
    const created = await this.admin.createTopics({
      validateOnly,
      topics: [{
        topic,
        numPartitions: partitions,
        replicationFactor,
        configEntries: Object.entries(settings)
          .map(([name, value]) => ({ name, value })),
      }],
      // kafkajs' own wait fails if a broker does not know the topic yet.
      waitForLeaders: false,
    });
    if (created && !validateOnly) {
      await throughOutages(async () => {
        await this.admin.fetchTopicMetadata({ topics: [topic] });
        // A leader that the brokers know may not lead yet: it would refuse messages.
        const { size } = await this.offsetRanges(topic);
        if (size < partitions) throw new OutageError("A leader is missing");
      }, {
        isOutage: (error) =>
          error instanceof OutageError || isStaleMetadata(error),
        timeoutMs: KNOWN_TIMEOUT_MS,
      });
    }
    return created;
  }

  /** Changes some of a topic's own settings, by their names. */
  async alterTopicSettings(
    topic: string,
    changes: ReadonlyMap<string, string>,
  ): Promise<void> {
    const { ConfigResourceTypes } = await loadKafkajs();
    // kafkajs' request replaces all of a topic's own settings, so those that stay are sent too.
    const own = (await this.topicSettings(topic))
      .filter(({ isDefault }) => !isDefault)
      .map(({ name, value }) => [name, value ?? ""] as const);
    await this.admin.alterConfigs({
      validateOnly: false,
      resources: [{
        type: ConfigResourceTypes.TOPIC,
        name: topic,
        configEntries: [...new Map([...own, ...changes])]
          .map(([name, value]) => ({ name, value })),
      }],
    });
  }

  /** Reads a topic's own settings, and the defaults that it has. */
  async topicSettings(topic: string): Promise<TopicSetting[]> {
    const { ConfigResourceTypes } = await loadKafkajs();
    const { resources } = await this.admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: ConfigResourceTypes.TOPIC, name: topic }],
    });
    return (resources[0]?.configEntries ?? [])
      .map(({ configName, configValue, configSource, isSensitive }) => ({
        name: configName,
        value: isSensitive ? null : configValue,
        isDefault: Number(configSource) !== TOPIC_SOURCE,
      }));
  }

  /** Reads which offsets each partition of a topic has. Those without a leader are left out. */
  async offsetRanges(topic: string): Promise<ReadonlyMap<number, OffsetRange>> {
    const ranges = await askedTwice(this.admin.fetchTopicOffsets(topic));
    return new Map(ranges.map(({ partition, low, high }) => [
      partition,
      { low: BigInt(low), high: BigInt(high) },
    ]));
  }

  /**
   * Finds the first messages that are not older than a time, in milliseconds since the epoch; the end where there is none. Partitions without
   * a leader are left out.
   */
  async offsetsAt(
    topic: string,
    timeMs: number,
  ): Promise<Offsets> {
    const found = await inTime(
      askedTwice(this.admin.fetchTopicOffsetsByTimestamp(topic, timeMs)),
    );
    return new Map(
      found.map(({ partition, offset }) => [partition, BigInt(offset)]),
    );
  }

  /** Reads where a group stands in a topic: see {@linkcode Admin.committed}. */
  async committedOffsets(group: string, topic: string): Promise<Offsets> {
    const found = await this.committed(group, [topic]);
    return found.get(topic) ?? new Map();
  }

  /**
   * Reads where a group stands, by topic: in those that are given, or in all. Partitions without an offset are left out.
   *
   * @returns The offset of the next message by partition.
   */
  async committed(
    group: string,
    topics?: string[],
  ): Promise<ReadonlyMap<string, Offsets>> {
    const found = await inTime(
      this.admin.fetchOffsets({ groupId: group, ...(topics && { topics }) }),
    );
    return new Map(found.map(({ topic, partitions }) => [
      topic,
      new Map(
        partitions
          .map(({ partition, offset }) => [partition, BigInt(offset)] as const)
          .filter(([, offset]) => offset >= 0n),
      ),
    ]));
  }

  /** Removes a group, which must have no members. */
  async deleteGroup(group: string): Promise<void> {
    await this.admin.deleteGroups([group]);
  }

  /** Lists the brokers with the addresses that they give to clients. */
  async brokers(): Promise<AdvertisedBroker[]> {
    const { brokers } = await inTime(this.admin.describeCluster());
    return brokers.map(({ nodeId, host, port }) => ({
      nodeId,
      address: `${host.includes(":") ? `[${host}]` : host}:${port}`,
    }));
  }
}
