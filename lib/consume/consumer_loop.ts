/**
 * The at-least-once loop of the consumer: process, then commit.
 *
 * An offset is committed only when every earlier message of its partition has been processed, so that after a crash at any
 * moment nothing is lost: what was processed and not committed comes again. What processing a message means is the caller's:
 * see {@linkcode MessageProcess}.
 *
 * @module
 */

import type {
  Admin,
  Batch,
  Consumer,
  EachBatchPayload,
  Kafka,
  KafkaMessage,
} from "kafkajs";
import type { Config } from "../settings/config.ts";
import { PipelineError, StoppedError } from "../base/errors.ts";
import { GroupPosition } from "./group_position.ts";
import { connectWithin } from "../kafka/client.ts";
import { Liveness } from "./liveness.ts";
import {
  explainKafkaError,
  isKafkaOutage,
  isRebalance,
  protocolCodeOf,
} from "../kafka/errors.ts";
import { OffsetCommitter, type Positions } from "./offset_committer.ts";
import type { WaitOptions } from "../base/retry.ts";
import { pause } from "../base/pause.ts";
import { missingTopic } from "../kafka/topic.ts";

/**
 * Processes one message. True, or a promise of it: its offset may be committed. False: a stop came before it was done.
 * What it throws ends the loop with the offset not committed.
 *
 * Nothing is awaited where no promise is returned: at a high rate that is what the loop's speed depends on.
 */
export type MessageProcess = (
  partition: number,
  message: KafkaMessage,
  signal: AbortSignal,
) => boolean | Promise<boolean>;

/** How the loop runs. */
export interface ConsumerLoopOptions extends WaitOptions {
  /** The topic; it has to exist. */
  readonly topic: string;
  /** The consumer group. Equals `group.id`. */
  readonly group: string;
  /** Where to begin in a partition for which the group has no offset. Equals `auto.offset.reset`. */
  readonly from: "earliest" | "latest";
  /**
   * Whether offsets are committed; a reader that only looks leaves no trace.
   *
   * @default {true}
   */
  readonly commit?: boolean;
  /**
   * Stop at what was the end of the topic when the loop began.
   *
   * @default {false}
   */
  readonly untilEnd?: boolean;
  /** Stop when nothing came for so long, in milliseconds; never where it is left out. */
  readonly idleExitMs?: number | undefined;
  /** Stops the loop: it finishes the message in hand, commits and leaves the group. */
  readonly signal?: AbortSignal | undefined;
  /** Is called once when a stop begins, before the connection is closed. */
  readonly stopping?: (() => void) | undefined;
  /** Is called before each commit, which waits for it. If it throws, nothing is committed and the loop ends. */
  readonly beforeCommit?: (() => Promise<void>) | undefined;
  /** Is called each time the group has given this member its partitions, once it is known where to begin in each. */
  readonly assigned?: ((partitions: readonly number[]) => void) | undefined;
  /** Equals `session.timeout.ms`. */
  readonly sessionTimeoutMs: number;
}

/** How long a fetch waits at the broker for a message, in milliseconds: a stop waits for it. Equals `fetch.max.wait.ms`. */
const FETCH_MAX_WAIT_MS = 500;
/** How much a fetch takes in all, in bytes. Overrides 10 MiB. Equals `fetch.max.bytes`. */
const FETCH_BYTES = 16 * 1_024 * 1_024;
/**
 * After how long new partitions are noticed at the latest, in milliseconds. Overrides 5 minutes. Equals `metadata.max.age.ms`.
 */
const METADATA_MAX_AGE_MS = 30_000;
/** After how long of work without a pause other things get their turn (sockets, timers, signals), in milliseconds. */
const TURN_MS = 10;
/** After how many messages the loop looks at the clock: a look takes about as long as a twentieth of a message. */
const LOOK_EVERY = 32;
/** How far apart heartbeats are, in milliseconds. Equals `heartbeat.interval.ms`. */
const HEARTBEAT_INTERVAL_MS = 1_000;
/** The longest pause between two tries to reach Kafka or the registry, in milliseconds. */
const MAX_PAUSE_MS = 2_000;
/** How long a stop may take, in milliseconds. */
const STOP_TIMEOUT_MS = 8_000;

/** Where reading goes on in each partition. */
type Starts = Map<number, bigint>;

/** The clients of one run, connected. */
interface Clients {
  readonly consumer: Consumer;
  readonly admin: Admin;
}

class ConsumerLoop {
  readonly #config: Config;
  readonly #options: ConsumerLoopOptions;
  readonly #process: MessageProcess;
  readonly #consumer: Consumer;
  readonly #committer = new OffsetCommitter((positions) =>
    this.#commit(positions)
  );
  readonly #end = Promise.withResolvers<void>();
  readonly #stopping = new AbortController();
  /** What was the end of each partition when the loop began. */
  #endsAtStart: ReadonlyMap<number, bigint> | undefined;
  /** The end of each partition of this member that is not reached yet, where the loop ends there. */
  readonly #ends = new Map<number, bigint>();
  #sendCommit: EachBatchPayload["commitOffsetsIfNecessary"] | undefined;
  #generation = 0;
  #starts: Promise<Starts> = Promise.resolve(new Map());
  readonly #position: GroupPosition;
  readonly #liveness: Liveness;
  #waiting = false;
  /** What {@linkcode ConsumerLoopOptions.beforeCommit} threw. */
  #notReady: { readonly error: unknown } | undefined;

  constructor(
    config: Config,
    process: MessageProcess,
    options: ConsumerLoopOptions,
    { consumer, admin }: Clients,
  ) {
    this.#config = config;
    this.#process = process;
    this.#options = options;
    this.#consumer = consumer;
    this.#position = new GroupPosition(
      { consumer, admin },
      options,
      this.#stopping.signal,
    );
    this.#liveness = new Liveness({
      idleExitMs: options.idleExitMs,
      freshMs: 4 * FETCH_MAX_WAIT_MS,
      idle: () => this.#stop(),
      stalled: (forMs) => this.#fail(stalled(forMs)),
    });
    // A failure before anybody waits for the end is not lost: run() awaits it.
    this.#end.promise.catch(() => {});
  }

  /**
   * Tells kafkajs whether to begin anew after a crash: through an outage, but not for a topic that is gone, for which it would
   * wait without end.
   */
  async mayRestart(error: unknown): Promise<boolean> {
    if (!isKafkaOutage(error)) return false;
    if (protocolCodeOf(error) !== "UNKNOWN_TOPIC_OR_PARTITION") return true;
    if (await this.#position.hasTopic()) return true;
    this.#fail(missingTopic(this.#options.topic));
    return false;
  }

  async run(): Promise<void> {
    const { topic, from, signal } = this.#options;
    const stop = () => this.#stop();
    signal?.addEventListener("abort", stop);
    if (signal?.aborted) stop();
    let failure: Error | undefined;
    try {
      this.#listen(() => {
        // The group may still be joined while the loop stops already.
        if (!this.#stopping.signal.aborted) this.#liveness.watch();
      });
      await this.#consumer.subscribe({
        topic,
        fromBeginning: from === "earliest",
      });
      await this.#position.noteBefore();
      await this.#consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        eachBatch: (payload) => this.#onBatch(payload),
      });
      await this.#end.promise;
      this.#options.stopping?.();
    } catch (error) {
      // What went wrong first is what there is to tell, however the closing goes.
      failure = explainKafkaError(error, this.#config, "Consuming");
    } finally {
      this.#stop();
      signal?.removeEventListener("abort", stop);
      this.#liveness.unwatch();
    }
    const closed = await this.#close();
    if (failure) throw failure;
    if (!closed) {
      throw new PipelineError(
        `The consumer did not stop within ${STOP_TIMEOUT_MS / 1_000} s`,
        { hint: "What was not committed will be delivered again." },
      );
    }
    if (this.#notReady) throw this.#notReady.error;
    if (this.#committer.behind) {
      throw new PipelineError("The last offsets could not be committed", {
        hint: "The orders since the last commit will be delivered again.",
      });
    }
  }

  #listen(joined: () => void): void {
    const { events } = this.#consumer;
    this.#consumer.on(events.GROUP_JOIN, ({ payload }) => {
      this.#liveness.alive();
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
      this.#liveness.fetched();
      this.#tellWaiting(false);
      this.#commitAgain();
    });
    this.#consumer.on(events.HEARTBEAT, () => this.#liveness.alive());
    this.#consumer.on(events.CRASH, ({ payload }) => {
      this.#liveness.alive();
      if (payload.restart) this.#tellWaiting(true);
      else this.#fail(payload.error);
    });
  }

  /** Finds where to begin in each partition, and where to end. */
  async #settleStarts(
    partitions: readonly number[],
    generation: number,
  ): Promise<Starts> {
    const { topic, notify, assigned, untilEnd = false } = this.#options;
    const over = () =>
      generation !== this.#generation || this.#stopping.signal.aborted;
    const starts: Starts = new Map();
    const found = await this.#position.settle(partitions, over);
    if (!found) return starts;
    this.#endsAtStart ??= new Map([...found].map(([p, { high }]) => [p, high]));
    this.#ends.clear();
    for (const partition of partitions) {
      const start = found.get(partition);
      if (!start) continue;
      starts.set(partition, start.offset);
      const end = this.#endsAtStart.get(partition) ?? 0n;
      if (start.offset < end) this.#ends.set(partition, end);
    }
    if (partitions.length === 0) {
      notify?.(
        `This consumer has no partition of '${topic}': the group has members enough.`,
      );
    }
    if (!over()) assigned?.(partitions.toSorted((a, b) => a - b));
    if (untilEnd && this.#ends.size === 0) this.#stop();
    return starts;
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

  #stop(): void {
    this.#stopping.abort();
    this.#end.resolve();
  }

  /** Ends the loop with an error. kafkajs must not see it: it would try the same batch again, or restart. */
  #fail(error: unknown): void {
    this.#end.reject(error);
    this.#stop();
  }

  /** Leaves the group and closes the connection; false where that takes too long. */
  async #close(): Promise<boolean> {
    const disconnect = () => this.#consumer.disconnect().catch(() => {});
    const closed = this.#committer.flush().catch(() => {})
      .then(disconnect).then(() => true);
    const giveUp = new AbortController();
    const late = pause(STOP_TIMEOUT_MS, giveUp.signal).then(() => false);
    const inTime = await Promise.race([closed, late]);
    giveUp.abort();
    if (!inTime) disconnect();
    // What it waits for may be the others of a group that is being shared out: there is nothing left to lose then.
    return inTime || !this.#liveness.busy && !this.#committer.behind;
  }

  async #onBatch(payload: EachBatchPayload): Promise<void> {
    this.#liveness.batchBegins();
    this.#sendCommit = payload.commitOffsetsIfNecessary;
    const lost: unknown[] = [];
    const beats = setInterval(
      () => payload.heartbeat().catch((error) => lost.push(error)),
      HEARTBEAT_INTERVAL_MS,
    );
    try {
      await this.#processBatch(payload, () => lost.length > 0);
    } catch (error) {
      this.#fail(error);
    } finally {
      clearInterval(beats);
      this.#liveness.batchEnds();
    }
    // Otherwise the commit may go on while the next fetch does: what kafkajs sends to the group's coordinator afterwards, to join it
    // anew for example, comes behind it on the same connection.
    const { failed } = this.#committer;
    if (lost.length > 0 || failed || this.#stopping.signal.aborted) {
      await this.#committer.flush();
    }
    // The group is sharing out its partitions anew, or has given this member up: kafkajs joins again.
    if (lost.length > 0) throw lost[0];
  }

  /** Tries a commit again that failed after its batch, when no other batch has come since. */
  #commitAgain(): void {
    const { busy, wasAway } = this.#liveness;
    // After a time away the topic may be another one, in which this offset means nothing.
    if (!this.#committer.failed || busy || wasAway) return;
    this.#committer.flush().catch((error) => {
      // kafkajs meets these as well, and joins the group again.
      if (!isKafkaOutage(error) && !isRebalance(error)) this.#fail(error);
    });
  }

  async #processBatch(
    { batch, resolveOffset, isStale, pause: pausePartition }: EachBatchPayload,
    isLost: () => boolean,
  ): Promise<void> {
    const { partition, messages } = batch;
    const { signal } = this.#stopping;
    const starts = await this.#starts;
    const expected = starts.get(partition);
    const fetched = BigInt(
      (batch as Batch & { readonly fetchedOffset: string }).fetchedOffset,
    );
    if (isStale() || await this.#isAnotherTopic(starts)) return;
    if (expected !== undefined && fetched > expected) {
      await this.#position.tellGap(partition, expected, fetched);
    }
    const { untilEnd = false, commit = true } = this.#options;
    const last = messages.length - 1;
    let turnEnds = performance.now() + TURN_MS;
    let at = 0;
    try {
      for (; at <= last; at++) {
        if (signal.aborted || isLost()) return;
        if (untilEnd && !this.#ends.has(partition)) {
          // What came since the loop began is not its business, even while other partitions have some way to go.
          pausePartition();
          return;
        }
        const message = messages[at] as KafkaMessage;
        const done = this.#process(partition, message, signal);
        if (typeof done === "boolean" ? !done : !await done) return;
        // The batch may end in control records, which no one processes and every offset has to pass.
        const offset = at === last ? batch.lastOffset() : message.offset;
        if (commit) this.#committer.mark(partition, offset);
        if (untilEnd) this.#reached(partition, BigInt(offset));
        if (at % LOOK_EVERY === 0 && performance.now() > turnEnds) {
          await new Promise((resolve) => setTimeout(resolve, 0));
          if (isStale()) return;
          turnEnds = performance.now() + TURN_MS;
        }
      }
    } finally {
      const processed = messages[at - 1];
      if (processed) {
        const offset = at > last ? batch.lastOffset() : processed.offset;
        resolveOffset(processed.offset);
        starts.set(partition, BigInt(offset) + 1n);
      }
    }
  }

  /** After a time away: whether the topic was made anew meanwhile, and reading goes on at its start. */
  async #isAnotherTopic(starts: Starts): Promise<boolean> {
    if (!this.#liveness.wasAway) return false;
    const lows = await this.#position.beginAnew([...starts.keys()]);
    this.#liveness.isBack();
    if (lows.size > 0) this.#committer.forget();
    for (const [partition, low] of lows) starts.set(partition, low);
    return lows.size > 0;
  }

  /** Stops at the end of the last partition, where the loop ends there. */
  #reached(partition: number, offset: bigint): void {
    const end = this.#ends.get(partition);
    if (end === undefined || offset + 1n < end) return;
    this.#ends.delete(partition);
    if (this.#ends.size === 0) this.#stop();
  }

  async #commit(positions: Positions): Promise<void> {
    const { topic } = this.#options;
    const partitions = [...positions].map(([partition, processed]) => ({
      partition,
      offset: String(BigInt(processed) + 1n),
    }));
    try {
      await this.#options.beforeCommit?.();
    } catch (error) {
      this.#notReady ??= { error };
      this.#fail(error);
      throw error;
    }
    // Not consumer.commitOffsets: that one returns without committing once a stop has begun.
    await this.#sendCommit?.({ topics: [{ topic, partitions }] });
    this.#position.noteCommit();
  }
}

/** kafkajs issues 659 and 1441: nothing is fetched any more, and nothing is said. */
function stalled(forMs: number): PipelineError {
  return new PipelineError(
    `The consumer has stalled: no heartbeat and no fetch for ${
      Math.round(forMs / 1_000)
    } s`,
    { hint: "Start it again: it goes on where it committed last." },
  );
}

/** Connects both clients; false where a stop came first. */
async function connectBoth(
  { consumer, admin }: Clients,
  config: Config,
  options: ConsumerLoopOptions,
): Promise<boolean> {
  try {
    await connectWithin(admin, config, options);
    await connectWithin(consumer, config, options);
    return true;
  } catch (error) {
    if (!(error instanceof StoppedError)) throw error;
    options.stopping?.();
    return false;
  }
}

/**
 * Processes a topic's messages at least once each, until the end, the idle time, the signal or a failure ends it.
 *
 * @param kafka The client.
 * @param config Where it goes, for messages.
 * @param process Processes each message.
 * @param options The topic, the group, and when to stop.
 * @returns When what was processed is committed and the group is left.
 * @throws {PipelineError} If Kafka can't be reached at the start, refuses, or a message's processing fails.
 */
export async function consumeMessages(
  kafka: Kafka,
  config: Config,
  process: MessageProcess,
  options: ConsumerLoopOptions,
): Promise<void> {
  const admin = kafka.admin();
  try {
    const consumer: Consumer = kafka.consumer({
      groupId: options.group,
      allowAutoTopicCreation: false,
      sessionTimeout: options.sessionTimeoutMs,
      heartbeatInterval: HEARTBEAT_INTERVAL_MS,
      maxWaitTimeInMs: FETCH_MAX_WAIT_MS,
      metadataMaxAge: METADATA_MAX_AGE_MS,
      maxBytes: FETCH_BYTES,
      retry: {
        initialRetryTime: 100,
        maxRetryTime: MAX_PAUSE_MS,
        retries: 2,
        restartOnFailure: (error) => loop.mayRestart(error),
      },
    });
    if (!await connectBoth({ consumer, admin }, config, options)) return;
    const loop: ConsumerLoop = new ConsumerLoop(config, process, options, {
      consumer,
      admin,
    });
    await loop.run();
  } finally {
    await admin.disconnect().catch(() => {});
  }
}
