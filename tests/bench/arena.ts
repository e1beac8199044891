/**
 * Where the contenders meet: an engine of their own, topics that are all alike, and a look at what is really in them.
 *
 * @module
 */

import type { Admin } from "kafkajs";
import { createTopic } from "../../lib/kafka/topic.ts";
import { orders, randomOrders } from "../../lib/events/order.ts";
import { ensurePrograms } from "../../lib/engine/download.ts";
import { brokerData } from "../../lib/engine/paths.ts";
import {
  startThrowawayEngine,
  type ThrowawayEngine,
} from "../support/throwaway_engine.ts";
import { resolveConfig } from "../../lib/settings/config.ts";
import { createKafka } from "../support/kafkajs.ts";
import { EventRegistry } from "../../lib/registry/registry.ts";
import { HEADER_LENGTH, PARTITIONS, type Stage } from "./contender.ts";
import {
  type Filling,
  fillingOf,
  type LogBatch,
  readPartition,
  type Window,
  workOf,
} from "./kafka_log.ts";

/** Java's usual settings for a broker that runs for long, and room enough that its collector is no contender. */
const BROKER_JAVA = [
  "-Xms1g",
  "-Xmx1g",
  "-XX:-UseSerialGC",
  "-XX:+UseG1GC",
  "-XX:MaxGCPauseMillis=20",
  "-XX:TieredStopAtLevel=4",
];

/** Whose time each record has: of the client that made it, or of the broker that took it. */
export type TimestampType = "CreateTime" | "LogAppendTime";

/** How a topic differs from the usual one. */
export interface TopicOptions {
  /**
   * Whose time its records have.
   *
   * @default {"CreateTime"}
   */
  readonly timestamps?: TimestampType;
  /** How many partitions it has; {@linkcode PARTITIONS} by default. */
  readonly partitions?: number;
  /** The schema of its values; that of orders by default. */
  readonly schemaText?: string;
}

/** A topic on the arena. */
export interface ArenaTopic {
  /** Its name. */
  readonly topic: string;
  /** The id of the schema of its values. */
  readonly schemaId: number;
}

/** Where the contenders meet. Disposing of it ends the engine and removes its data. */
export class Arena implements AsyncDisposable {
  /** What the contenders' programs need to know. */
  readonly stage: Stage;
  readonly #engine: ThrowawayEngine;
  readonly #admin: Admin;
  readonly #registry: EventRegistry;

  private constructor(
    stage: Stage,
    engine: ThrowawayEngine,
    admin: Admin,
    registry: EventRegistry,
  ) {
    this.stage = stage;
    this.#engine = engine;
    this.#admin = admin;
    this.#registry = registry;
  }

  /**
   * Starts the engine.
   *
   * @param tell Told in a line what goes on.
   * @param javaOptions Java's options for the broker; by default those of one that runs for long.
   * @returns The arena, ready.
   * @throws {PipelineError} If the engine does not come up.
   */
  static async open(
    tell: (line: string) => void,
    javaOptions: readonly string[] = BROKER_JAVA,
  ): Promise<Arena> {
    const engine = await startThrowawayEngine({
      javaOptions,
      notify: tell,
    });
    try {
      const { brokers, registryUrl } = engine;
      // By its flags alone: what the environment says is about another engine.
      const config = resolveConfig(
        { brokers, registry: registryUrl },
        { env: () => undefined },
      );
      const registry = await EventRegistry.connect(config);
      const admin = (await createKafka(config)).admin();
      await admin.connect();
      const { kafka } = await ensurePrograms();
      const stage = {
        config,
        registryApi: registry.url,
        kafkaJars: kafka,
        valueSize: averageValueSize(),
      };
      return new Arena(stage, engine, admin, registry);
    } catch (error) {
      await engine[Symbol.asyncDispose]();
      throw error;
    }
  }

  /**
   * Creates a topic, with the schema of its values.
   *
   * @param options How it differs from the usual one.
   * @returns The topic.
   */
  async makeTopic({
    timestamps = "CreateTime",
    partitions = PARTITIONS,
    schemaText = orders.schemaText,
  }: TopicOptions = {}): Promise<ArenaTopic> {
    const topic = `bench-${crypto.randomUUID()}`;
    await createTopic(this.stage.config, {
      topic,
      partitions,
      replicationFactor: 1,
      settings: {
        "message.timestamp.type": timestamps,
        // What a run leaves behind must not fill the disk, nor be cleared away during one of the next.
        "file.delete.delay.ms": "100",
      },
    });
    const schemaId = await this.#registry.register(
      `${topic}-value`,
      schemaText,
    );
    return { topic, schemaId };
  }

  /**
   * Removes a topic.
   *
   * @param topic The topic.
   */
  async removeTopic({ topic }: ArenaTopic): Promise<void> {
    await this.#admin.deleteTopics({ topics: [topic] });
  }

  /**
   * Asks the broker for the end of each partition.
   *
   * @param topic The topic.
   * @returns The offsets, by partition.
   */
  async endsOf({ topic }: ArenaTopic): Promise<number[]> {
    const ends = await this.#admin.fetchTopicOffsets(topic);
    return byPartition(ends.map(({ partition, high }) => [partition, high]));
  }

  /**
   * Asks the broker for a group's offsets.
   *
   * @param topic The topic.
   * @param group The group.
   * @returns The offsets, by partition; -1 where there is none.
   */
  async committedOf(
    { topic }: ArenaTopic,
    group: string,
  ): Promise<number[]> {
    const [found] = await this.#admin.fetchOffsets({
      groupId: group,
      topics: [topic],
    });
    return byPartition(
      (found?.partitions ?? []).map((each) => [each.partition, each.offset]),
    );
  }

  /**
   * Reads from the broker's log when a topic was filled.
   *
   * @param topic The topic, with `LogAppendTime`.
   * @returns From when its first record was made, to when the broker took the last.
   */
  async fillingOf({ topic }: ArenaTopic): Promise<Filling> {
    const batches: LogBatch[] = [];
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const found = await readPartition(this.#logFolder, topic, partition);
      for (const batch of found) batches.push(batch);
    }
    return fillingOf(batches);
  }

  /**
   * Reads from the broker's log when a group worked.
   *
   * @param group The group.
   * @returns From when it had shared out its partitions, to its last commit.
   */
  async workOf(group: string): Promise<Window | undefined> {
    return workOf(
      await readPartition(this.#logFolder, "__consumer_offsets", 0),
      group,
    );
  }

  get #logFolder(): string {
    return brokerData(this.#engine.folders, 1);
  }

  /** Ends the engine and removes its data. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#admin.disconnect().catch(() => {});
    await this.#engine[Symbol.asyncDispose]();
  }
}

function byPartition(
  entries: readonly (readonly [partition: number, offset: string])[],
): number[] {
  return entries.toSorted(([a], [b]) => a - b).map(([, each]) => Number(each));
}

function averageValueSize(): number {
  const orders = randomOrders({ seed: 1 });
  let bytes = 0;
  const count = 1_000;
  for (let i = 0; i < count; i++) {
    bytes += HEADER_LENGTH + JSON.stringify(orders.next().value).length;
  }
  return Math.round(bytes / count);
}
