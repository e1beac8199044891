/**
 * Reading a topic's messages as a member of a consumer group.
 *
 * @module
 */

import type { EachBatchPayload, Kafka, PartitionAssigner } from "./kafkajs.ts";
import type { Piece } from "./batches/record_set.ts";
import type { Connectable } from "./connectable.ts";
import type { GroupWatch } from "./patches/consumer_group.ts";
import type { FetchedPartition } from "./patches/fetched_partition.ts";

/** Who a consumer is. */
export interface ConsumerSettings {
  /** The consumer group. Equals `group.id`. */
  readonly group: string;
  /** Equals `session.timeout.ms`. */
  readonly sessionTimeoutMs: number;
  /** Whether messages are processed together. */
  readonly together: boolean;
  /** Decides after a failure whether the consumer joins the group again. */
  readonly mayRestart: (error: unknown) => Promise<boolean>;
}

/** How long a fetch waits at the broker for a message, in milliseconds: a stop waits for it. Equals `fetch.max.wait.ms`. */
export const FETCH_MAX_WAIT_MS = 500;
/**
 * How far apart heartbeats are, in milliseconds: by their answers a member learns that others join or leave. A member that waits for
 * messages sends one after each fetch. Equals `heartbeat.interval.ms`.
 */
export const HEARTBEAT_INTERVAL_MS = FETCH_MAX_WAIT_MS;
/** How much a fetch takes in all, in bytes. Overrides 10 MiB. Equals `fetch.max.bytes`. */
const FETCH_BYTES = 16 * 1_024 * 1_024;
/**
 * How much it takes of each partition, in bytes: of messages that are processed one by one, and of those that are processed together,
 * where it overrides 1 MiB, as a store writes a third more events a second in batches of twice the size. Equals
 * `max.partition.fetch.bytes`.
 */
const PARTITION_BYTES = { single: 1_024 * 1_024, together: 4 * 1_024 * 1_024 };
/** The interval at which new partitions are noticed, in milliseconds. Overrides 5 minutes. Equals `metadata.max.age.ms`. */
const METADATA_MAX_AGE_MS = 30_000;
/** The longest pause between two tries, in milliseconds. Equals `retry.backoff.max.ms`. */
const MAX_PAUSE_MS = 2_000;

/** What to read. */
export interface Subscription {
  readonly topic: string;
  /** Where to begin in a partition for which the group has no offset. Equals `auto.offset.reset`. */
  readonly from: "earliest" | "latest";
}

/** What a fetch returned for a partition. */
export interface Fetched {
  readonly partition: number;
  readonly fetchedOffset: bigint;
  /** Whether it no longer counts, as the consumer was sent to another offset meanwhile. */
  readonly isStale: boolean;
  /** Reads the messages, so many at a time, about. There is no piece if the partition has messages and none of them could be fetched. */
  pieces(count: number): Iterable<Piece>;
  /** Frees the memory of the messages: their bytes may not be used any more. */
  release(): void;
  moveTo(nextOffset: bigint): void;
  /** Sends a heartbeat if one is due. It rejects when the group no longer counts this member. */
  heartbeat(): Promise<void>;
}

/** What a consumer calls. */
export interface ConsumerHandlers {
  /** Called for each partition that a fetch returned messages for, or that has some. The next one waits for the promise. */
  readonly fetched: (fetched: Fetched) => Promise<void>;
  /**
   * Called each time the group has given this member its partitions: those that it had if it comes back to the same generation, in which
   * no other member has had them.
   */
  readonly joined: (
    partitions: readonly number[],
    isNewGeneration: boolean,
  ) => void;
  /** Called before each fetch with those of this member's partitions that have no leader: the others are read. */
  readonly leaderless: (partitions: readonly number[]) => void;
  /** Called when a broker has answered a fetch, before what it returned is handed on. */
  readonly answered: () => void;
  /** Called when the group's coordinator has answered a heartbeat. */
  readonly alive: () => void;
  /** Called after a failure. */
  readonly failed: (error: unknown, restarts: boolean) => void;
}

/** Thrown for a commit while kafkajs is not in the group, as after a failure: it joins again, and what is not committed is read again. */
class LeftGroupError extends Error {
  override readonly name = "LeftGroupError";
  /** As a broker calls it. */
  readonly type = "UNKNOWN_MEMBER_ID";
}

/** A member of a consumer group. */
export class Consumer implements Connectable {
  readonly #consumer: ReturnType<Kafka["consumer"]>;
  #topic = "";
  #handlers: ConsumerHandlers | undefined;
  #isMember = false;
  /** The generation that it joins. */
  #generation = 0;
  /** Which member it was when it joined last, in which generation. */
  #joinedAs = "";

  /** Makes it. It doesn't connect yet. The assigner decides which member reads which partition. */
  constructor(
    kafka: Kafka,
    settings: ConsumerSettings & { readonly assigner: PartitionAssigner },
  ) {
    const watch: GroupWatch = {
      generation: (id) => {
        this.#generation = id;
        // Before it is known whose partitions are whose, kafkajs would commit what the generation before has processed as this one's.
        this.#isMember = false;
      },
      leaderless: (partitions) => this.#handlers?.leaderless(partitions),
    };
    this.#consumer = kafka.consumer({
      groupId: settings.group,
      partitionAssigners: [settings.assigner],
      allowAutoTopicCreation: false,
      sessionTimeout: settings.sessionTimeoutMs,
      heartbeatInterval: HEARTBEAT_INTERVAL_MS,
      maxWaitTimeInMs: FETCH_MAX_WAIT_MS,
      metadataMaxAge: METADATA_MAX_AGE_MS,
      maxBytes: FETCH_BYTES,
      maxBytesPerPartition:
        PARTITION_BYTES[settings.together ? "together" : "single"],
      retry: {
        initialRetryTime: 100,
        maxRetryTime: MAX_PAUSE_MS,
        retries: 2,
        restartOnFailure: settings.mayRestart,
        ...watch,
      },
    });
  }

  connect(): Promise<void> {
    return this.#consumer.connect();
  }

  disconnect(): Promise<void> {
    return this.#consumer.disconnect();
  }

  /** Joins the group and reads, until {@linkcode Consumer.disconnect}. */
  async run(
    { topic, from }: Subscription,
    handlers: ConsumerHandlers,
  ): Promise<void> {
    this.#topic = topic;
    this.#handlers = handlers;
    const consumer = this.#consumer;
    const { events } = consumer;
    consumer.on(events.GROUP_JOIN, ({ payload }) => {
      this.#isMember = true;
      const joinedAs = `${payload.memberId} ${this.#generation}`;
      const isNewGeneration = joinedAs !== this.#joinedAs;
      this.#joinedAs = joinedAs;
      handlers.joined(
        (payload.memberAssignment[topic] ?? []).map(Number),
        isNewGeneration,
      );
    });
    consumer.on(events.STOP, () => this.#isMember = false);
    consumer.on(events.FETCH, () => handlers.answered());
    consumer.on(events.HEARTBEAT, () => handlers.alive());
    consumer.on(
      events.CRASH,
      ({ payload }) => handlers.failed(payload.error, payload.restart),
    );
    await consumer.subscribe({ topic, fromBeginning: from === "earliest" });
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      eachBatch: (payload) => handlers.fetched(fetchedOf(payload)),
    });
  }

  /** Sets where the next fetch of a partition begins. What was fetched before is stale. */
  seek(partition: number, offset: bigint): void {
    const topic = this.#topic;
    // It is told again where to begin when it has joined again.
    if (!this.#isMember) return;
    this.#consumer.seek({ topic, partition, offset: String(offset) });
  }

  /** Commits offsets: those of the next messages to be read. */
  async commit(
    offsets: ReadonlyMap<number, bigint>,
    metadata: string | null = null,
  ): Promise<void> {
    const topic = this.#topic;
    if (!this.#isMember) {
      throw new LeftGroupError("This consumer has left its group");
    }
    await this.#consumer.commitOffsets(
      [...offsets].map(([partition, offset]) => ({
        topic,
        partition,
        offset: String(offset),
        metadata,
      })),
    );
  }
}

function fetchedOf(payload: EachBatchPayload): Fetched {
  const { isStale, resolveOffset, heartbeat } = payload;
  const batch = payload.batch as unknown as FetchedPartition;
  return {
    partition: batch.partition,
    fetchedOffset: BigInt(batch.fetchedOffset),
    get isStale() {
      return isStale();
    },
    pieces: (count) => batch.pieces(count),
    release: () => batch.release(),
    moveTo: (nextOffset) => resolveOffset(String(nextOffset - 1n)),
    heartbeat,
  };
}
