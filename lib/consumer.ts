/**
 * The at-least-once loop of the consumer: process, then commit.
 *
 * An offset is committed only when every earlier message of its partition has been processed, so that after a crash at any
 * moment nothing is lost: what was processed and not committed comes again.
 *
 * @module
 */

import type {
  Admin,
  Batch,
  Consumer,
  EachBatchPayload,
  KafkaMessage,
} from "kafkajs";
import type { Config } from "./config.ts";
import type { CustomerEvent } from "./customer_event.ts";
import { InvalidEventError, OutageError, PipelineError } from "./errors.ts";
import {
  connectWithin,
  createKafka,
  explainKafkaError,
  isKafkaOutage,
  isRebalance,
  type KafkaOptions,
  type WaitOptions,
} from "./kafka.ts";
import { OffsetCommitter, type Positions } from "./offset_committer.ts";
import { EventRegistry } from "./registry.ts";
import type { EventRecord, Position } from "./report.ts";
import { EventDeserializer } from "./serializer.ts";
import {
  describeGap,
  describeLostOffsets,
  startingOffsets,
} from "./starting_offsets.ts";
import { checkTopicName, describeTopic, missingTopic } from "./topic.ts";
import { pause } from "./pause.ts";

/**
 * Processes one order. When it returns, or its promise resolves, the order counts as processed and its offset may be
 * committed.
 */
export type EventHandler = (record: EventRecord) => void | Promise<void>;

/** Is told of a message that can't be read. When it returns, or its promise resolves, the message is passed over. */
export type UnreadableHandler = (
  position: Position,
  error: InvalidEventError,
) => void | Promise<void>;

/** How to consume. */
export interface ConsumerOptions extends KafkaOptions, WaitOptions {
  /** The topic; it has to exist. */
  readonly topic: string;
  /** The consumer group, whose members share the partitions. Equals `group.id`. */
  readonly group: string;
  /**
   * Where to begin in a partition for which the group has no offset. Equals `auto.offset.reset`.
   *
   * @default {"earliest"}
   */
  readonly from?: "earliest" | "latest";
  /** Stop after so many orders; never where it is left out. */
  readonly count?: number | undefined;
  /** Stop when nothing came for so long, in milliseconds; never where it is left out. */
  readonly idleExitMs?: number | undefined;
  /** Stops the consumer: it finishes the order in hand, commits and leaves the group. */
  readonly signal?: AbortSignal;
  /** Is told of each message that can't be read. */
  readonly unreadable?: UnreadableHandler;
  /** Is called once when a stop begins, before the connection is closed. */
  readonly stopping?: () => void;
  /** Is called each time the group has given this member its partitions, once it is known where to begin in each. */
  readonly assigned?: (partitions: readonly number[]) => void;
  /**
   * After how long without a heartbeat the group takes this member for dead, in milliseconds. Overrides kafkajs' 30 s,
   * so that a crashed consumer's partitions are not idle for that long. Equals `session.timeout.ms`.
   *
   * @default {10000}
   */
  readonly sessionTimeoutMs?: number;
}

/** What became of the run. */
export interface ConsumerSummary {
  /** How many orders were processed. */
  readonly consumed: number;
  /** How many messages could not be read. */
  readonly unreadable: number;
}

/** How long a fetch waits at the broker for a message, in milliseconds: a stop waits for it. Equals `fetch.max.wait.ms`. */
const FETCH_MAX_WAIT_MS = 500;
/** After how long of work without a pause other things get their turn (sockets, timers, signals), in milliseconds. */
const TURN_MS = 10;
/** How far apart heartbeats are, in milliseconds. Equals `heartbeat.interval.ms`. */
const HEARTBEAT_INTERVAL_MS = 1_000;
/** The longest pause between two tries to reach Kafka or the registry, in milliseconds. */
const MAX_PAUSE_MS = 2_000;
/** How long a stop may take, in milliseconds. */
const STOP_TIMEOUT_MS = 8_000;

const keyDecoder = new TextDecoder("utf-8", { fatal: true });

/** A key that isn't UTF-8 is shown by its bytes: it plays no part in reading the order. */
function keyText(key: Uint8Array | null | undefined): string | null {
  if (!key) return null;
  try {
    return keyDecoder.decode(key);
  } catch {
    return `0x${key.toHex()}`;
  }
}

/** Where reading goes on in each partition. */
type Starts = Map<number, bigint>;

/** The consumer of one run. */
class ConsumerLoop {
  readonly #config: Config;
  readonly #options: ConsumerOptions;
  readonly #handler: EventHandler;
  readonly #deserializer: EventDeserializer;
  readonly #consumer: Consumer;
  readonly #admin: Admin;
  readonly #committer = new OffsetCommitter((positions) =>
    this.#commit(positions)
  );
  readonly #end = Promise.withResolvers<void>();
  readonly #stopping = new AbortController();
  #sendCommit: EachBatchPayload["commitOffsetsIfNecessary"] | undefined;
  #consumed = 0;
  #unreadable = 0;
  #batchesInHand = 0;
  #lastBatchAt = 0;
  #lastFetchAt = 0;
  #waiting = false;
  #generation = 0;
  #starts: Promise<Starts> = Promise.resolve(new Map());

  constructor(
    config: Config,
    handler: EventHandler,
    options: ConsumerOptions,
    clients: {
      readonly deserializer: EventDeserializer;
      readonly consumer: Consumer;
      readonly admin: Admin;
    },
  ) {
    this.#config = config;
    this.#options = options;
    this.#handler = handler;
    this.#deserializer = clients.deserializer;
    this.#consumer = clients.consumer;
    this.#admin = clients.admin;
    // A failure before anybody waits for the end is not lost: run() awaits it.
    this.#end.promise.catch(() => {});
  }

  /** Runs until the count, the idle time, the signal or a failure ends it. */
  async run(): Promise<ConsumerSummary> {
    const { topic, from = "earliest", signal } = this.#options;
    const stop = () => this.#stop();
    signal?.addEventListener("abort", stop);
    if (signal?.aborted) stop();
    let idleTimer: ReturnType<typeof setInterval> | undefined;
    try {
      this.#listen(() => idleTimer ??= this.#watchIdle());
      await this.#consumer.subscribe({
        topic,
        fromBeginning: from === "earliest",
      });
      await this.#consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        eachBatch: (payload) => this.#onBatch(payload),
      });
      await this.#end.promise;
      this.#options.stopping?.();
    } catch (error) {
      throw explainKafkaError(error, this.#config, "Consuming");
    } finally {
      this.#stop();
      signal?.removeEventListener("abort", stop);
      clearInterval(idleTimer);
      await this.#close();
    }
    return { consumed: this.#consumed, unreadable: this.#unreadable };
  }

  #listen(joined: () => void): void {
    const { events } = this.#consumer;
    this.#consumer.on(events.GROUP_JOIN, ({ payload }) => {
      this.#committer.forget();
      this.#tellWaiting(false);
      const partitions = payload.memberAssignment[this.#options.topic] ?? [];
      this.#starts = this.#settleStarts(
        partitions.map(Number),
        ++this.#generation,
      );
      this.#starts.then(joined, (error) => this.#fail(error));
    });
    this.#consumer.on(events.FETCH, () => {
      this.#lastFetchAt = Date.now();
      this.#tellWaiting(false);
    });
    this.#consumer.on(events.CRASH, ({ payload }) => {
      if (payload.restart) this.#tellWaiting(true);
      else this.#fail(payload.error);
    });
  }

  /**
   * Finds where to begin in each partition, says what is gone, and commits where the group had no offset yet: a group that
   * begins at the end has its place from now on, whatever the next rebalance brings.
   */
  async #settleStarts(
    partitions: readonly number[],
    generation: number,
  ): Promise<Starts> {
    const { topic, group, from = "earliest", notify, assigned } = this.#options;
    const over = () =>
      generation !== this.#generation || this.#stopping.signal.aborted;
    const starts: Starts = new Map();
    const found = await this.#persist(
      () => startingOffsets(this.#admin, { topic, group, from }),
      over,
    );
    if (!found) return starts;
    const places: { topic: string; partition: number; offset: string }[] = [];
    for (const partition of partitions) {
      const start = found.get(partition);
      if (!start) continue;
      starts.set(partition, start.offset);
      const lost = describeLostOffsets(topic, partition, start);
      if (lost) notify?.(lost);
      if (start.committed !== undefined) continue;
      const place = { topic, partition, offset: String(start.offset) };
      if (from === "latest") this.#consumer.seek(place);
      places.push(place);
    }
    if (places.length > 0) {
      await this.#persist(() => this.#consumer.commitOffsets(places), over);
    }
    if (partitions.length === 0) {
      notify?.(
        `This consumer has no partition of '${topic}': the group has members enough.`,
      );
    }
    if (!over()) assigned?.(partitions.toSorted((a, b) => a - b));
    return starts;
  }

  /** Does something with Kafka until it works or is over. A rebalance ends it too: what follows begins anew. */
  async #persist<T>(
    work: () => Promise<T>,
    over: () => boolean,
  ): Promise<T | undefined> {
    for (let wait = 100; !over(); wait = Math.min(wait * 2, MAX_PAUSE_MS)) {
      try {
        return await work();
      } catch (error) {
        if (isRebalance(error)) return undefined;
        if (!isKafkaOutage(error)) throw error;
        await pause(wait, this.#stopping.signal);
      }
    }
    return undefined;
  }

  /** Says which messages retention took away between what was read last and what was fetched now. */
  async #tellGap(
    partition: number,
    expected: bigint,
    fetched: bigint,
  ): Promise<void> {
    const { topic, notify } = this.#options;
    const ranges = await this.#admin.fetchTopicOffsets(topic);
    const low = BigInt(
      ranges.find((range) => range.partition === partition)?.low ?? 0,
    );
    // Otherwise it was the end of a transaction, whose marker takes an offset and is no message.
    if (low > expected) {
      notify?.(describeGap(topic, partition, expected, fetched));
    }
  }

  /** Says once that the wait for Kafka begins, and once that it is over. */
  #tellWaiting(waiting: boolean): void {
    if (waiting === this.#waiting || this.#stopping.signal.aborted) return;
    this.#waiting = waiting;
    const brokers = this.#config.brokers.join(",");
    this.#options.notify?.(
      waiting
        ? `Waiting for Kafka at ${brokers}...`
        : "No longer waiting for Kafka.",
    );
  }

  #watchIdle(): ReturnType<typeof setInterval> | undefined {
    const { idleExitMs } = this.#options;
    if (idleExitMs === undefined) return undefined;
    this.#lastBatchAt = Date.now();
    return setInterval(() => {
      const now = Date.now();
      // That nothing comes means something only while Kafka answers and no order is in hand.
      const idle = this.#batchesInHand === 0 &&
        now - this.#lastFetchAt < 4 * FETCH_MAX_WAIT_MS;
      if (idle && now - this.#lastBatchAt >= idleExitMs) this.#stop();
    }, Math.min(Math.max(idleExitMs / 10, 20), 1_000));
  }

  #stop(): void {
    this.#stopping.abort();
    this.#end.resolve();
  }

  /** Ends the run with an error. kafkajs must not see it: it would try the same batch again, or restart. */
  #fail(error: unknown): void {
    this.#end.reject(error);
    this.#stop();
  }

  async #close(): Promise<void> {
    const closed = this.#consumer.disconnect().catch(() => {}).then(() => true);
    const giveUp = new AbortController();
    const late = pause(STOP_TIMEOUT_MS, giveUp.signal).then(() => false);
    const inTime = await Promise.race([closed, late]);
    giveUp.abort();
    if (inTime) return;
    throw new PipelineError(
      `The consumer did not stop within ${STOP_TIMEOUT_MS / 1_000} s`,
      {
        hint: "What was not committed will be delivered again.",
      },
    );
  }

  async #onBatch(payload: EachBatchPayload): Promise<void> {
    const { batch, heartbeat, resolveOffset, isStale } = payload;
    const { partition, messages } = batch;
    this.#sendCommit = payload.commitOffsetsIfNecessary;
    this.#batchesInHand++;
    const starts = await this.#starts;
    const lost: unknown[] = [];
    const beats = setInterval(
      () => heartbeat().catch((error) => lost.push(error)),
      HEARTBEAT_INTERVAL_MS,
    );
    let turnEnds = performance.now() + TURN_MS;
    let processed: KafkaMessage | undefined;
    try {
      const expected = starts.get(partition);
      const fetched = BigInt(
        (batch as Batch & { readonly fetchedOffset: string }).fetchedOffset,
      );
      if (expected !== undefined && fetched > expected && !isStale()) {
        await this.#tellGap(partition, expected, fetched);
      }
      for (const message of messages) {
        if (this.#stopping.signal.aborted || isStale() || lost.length > 0) {
          break;
        }
        const done = this.#process(partition, message);
        if (typeof done === "boolean" ? !done : !await done) break;
        processed = message;
        // The batch may end in control records, which no handler sees and every offset has to pass.
        const last = message === messages.at(-1)
          ? batch.lastOffset()
          : message.offset;
        const next = BigInt(last) + 1n;
        starts.set(partition, next);
        this.#committer.mark(partition, String(next));
        if (performance.now() > turnEnds) {
          await new Promise((resolve) => setTimeout(resolve, 0));
          turnEnds = performance.now() + TURN_MS;
        }
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      clearInterval(beats);
      if (processed) resolveOffset(processed.offset);
      this.#lastBatchAt = Date.now();
      this.#batchesInHand--;
    }
    await this.#committer.flush();
    // The group is sharing out its partitions anew, or has given this member up: kafkajs joins again.
    if (lost.length > 0) throw lost[0];
  }

  async #commit(positions: Positions): Promise<void> {
    const { topic } = this.#options;
    const partitions = [...positions].map(([partition, offset]) => ({
      partition,
      offset,
    }));
    // Not consumer.commitOffsets: that one returns without committing once a stop has begun.
    await this.#sendCommit?.({ topics: [{ topic, partitions }] });
  }

  /** Processes one message. False: a stop came before it was done. A promise only where something has to be waited for. */
  #process(
    partition: number,
    message: KafkaMessage,
  ): boolean | Promise<boolean> {
    let event: CustomerEvent | Promise<CustomerEvent>;
    try {
      if (message.value === null) {
        throw new InvalidEventError("The value is null (a tombstone)");
      }
      event = this.#deserializer.decode(message.value);
    } catch (error) {
      return this.#passOver(partition, message, error);
    }
    return event instanceof Promise
      ? this.#processFetched(partition, message, event)
      : this.#handle(partition, message, event);
  }

  #handle(
    partition: number,
    message: KafkaMessage,
    event: CustomerEvent,
  ): boolean | Promise<boolean> {
    const handled = this.#handler({
      topic: this.#options.topic,
      partition,
      offset: message.offset,
      timestamp: Number(message.timestamp),
      key: keyText(message.key),
      event,
    });
    const count = () => {
      this.#consumed++;
      if (this.#consumed === this.#options.count) this.#stop();
      return true;
    };
    return handled instanceof Promise ? handled.then(count) : count();
  }

  /** Waits for the writer's schema. An outage of the registry is no bad message: it is waited out. */
  async #processFetched(
    partition: number,
    message: KafkaMessage,
    fetched: Promise<CustomerEvent>,
  ): Promise<boolean> {
    for (
      let wait = 100, told = false;;
      wait = Math.min(wait * 2, MAX_PAUSE_MS)
    ) {
      let event: CustomerEvent;
      try {
        event = await fetched;
      } catch (error) {
        if (!(error instanceof OutageError)) {
          return this.#passOver(
            partition,
            message,
            error,
          );
        }
        if (!told) {
          this.#options.notify?.(
            `${error.message}. Waiting for it...`,
          );
        }
        told = true;
        await pause(wait, this.#stopping.signal);
        if (this.#stopping.signal.aborted) return false;
        fetched = Promise.resolve(
          this.#deserializer.decode(message.value as Uint8Array),
        );
        continue;
      }
      if (told) {
        this.#options.notify?.(
          "No longer waiting for the Schema Registry.",
        );
      }
      return this.#handle(partition, message, event);
    }
  }

  async #passOver(
    partition: number,
    message: KafkaMessage,
    error: unknown,
  ): Promise<boolean> {
    if (!(error instanceof InvalidEventError)) throw error;
    const { topic, unreadable } = this.#options;
    await unreadable?.({ topic, partition, offset: message.offset }, error);
    this.#unreadable++;
    return true;
  }
}

/**
 * Consumes a topic's orders at least once each, until the count, the idle time or the signal ends it.
 *
 * @param config Where Kafka and the registry are.
 * @param handler Processes each order. What it throws ends the run; the order is not committed.
 * @param options The topic, the group, and when to stop.
 * @returns How many orders were processed; by then their offsets are committed and the group is left.
 * @throws {PipelineError} If Kafka or the registry can't be reached at the start, or the topic doesn't exist.
 */
export async function consumeEvents(
  config: Config,
  handler: EventHandler,
  options: ConsumerOptions,
): Promise<ConsumerSummary> {
  const { topic, group, sessionTimeoutMs = 10_000 } = options;
  checkTopicName(topic);
  const kafka = await createKafka(config, {
    clientId: "cafe-event-consumer",
    ...options,
  });
  const admin = await connectWithin(kafka.admin(), config, options);
  try {
    const layout = await describeTopic(admin, topic);
    if (!layout) throw missingTopic(topic);
    const registry = await EventRegistry.connect(config, options);
    const consumer = kafka.consumer({
      groupId: group,
      allowAutoTopicCreation: false,
      sessionTimeout: sessionTimeoutMs,
      heartbeatInterval: HEARTBEAT_INTERVAL_MS,
      maxWaitTimeInMs: FETCH_MAX_WAIT_MS,
      retry: {
        initialRetryTime: 100,
        maxRetryTime: MAX_PAUSE_MS,
        retries: 2,
        restartOnFailure: (error) => Promise.resolve(isKafkaOutage(error)),
      },
    });
    await connectWithin(consumer, config, options);
    const deserializer = new EventDeserializer(registry);
    const loop = new ConsumerLoop(config, handler, options, {
      deserializer,
      consumer,
      admin,
    });
    return await loop.run();
  } finally {
    await admin.disconnect().catch(() => {});
  }
}
