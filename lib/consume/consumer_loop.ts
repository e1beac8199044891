/**
 * The consumer's loop, which delivers each message at least once: process, then commit.
 *
 * An offset is committed only when every earlier message of its partition has been processed, so that a crash at any moment loses
 * nothing: what was processed and not committed comes again. What processing means is up to the caller.
 *
 * @module
 */

import type { Admin } from "../kafka/admin.ts";
import type { Piece } from "../kafka/batches/record_set.ts";
import { connectWithin, type KafkaClient } from "../kafka/client.ts";
import {
  type Consumer,
  FETCH_MAX_WAIT_MS,
  type Fetched,
  HEARTBEAT_INTERVAL_MS,
} from "../kafka/consumer.ts";
import {
  describeWait,
  explainKafkaError,
  isKafkaOutage,
  isRebalance,
  missingLeader,
  protocolCodeOf,
} from "../kafka/errors.ts";
import type { Message } from "../kafka/message.ts";
import { missingTopic } from "../kafka/topic.ts";
import { OutageError, PipelineError } from "../base/errors.ts";
import { pause, within } from "../base/pause.ts";
import { throughOutages } from "../base/retry.ts";
import { GroupPosition } from "./group_position.ts";
import { LagWatch } from "./lag_watch.ts";
import { Liveness, type Stall } from "./liveness.ts";
import { OffsetCommitter, type Positions } from "./offset_committer.ts";
import { OffsetMovedError } from "./offset_store.ts";
import type { LoopOptions } from "./options.ts";

/** What the loop offers to what it calls. */
export interface LoopContext {
  /** Aborted when the loop stops: it ends waits. */
  readonly signal: AbortSignal;
  /**
   * Keeps the loop from committing a message that is being processed, and everything after it in its partition, until it is committed by
   * what this returns. It may be called again for messages after that one.
   *
   * @returns What commits the message, and all before it in its partition. It throws a {@linkcode PipelineError} if the group has given out
   * its partitions again, or the loop has ended.
   */
  hold(partition: number, offset: string): () => Promise<void>;
}

/**
 * Processes one message. True, or a promise of it: its offset may be committed. False: a stop came before it was done.
 * What it throws ends the loop with the offset not committed; only after an {@linkcode OffsetMovedError} it goes on.
 *
 * The loop awaits nothing if no promise is returned: its speed at a high rate depends on that.
 */
export type MessageProcess = (
  partition: number,
  message: Message,
  context: LoopContext,
) => boolean | Promise<boolean>;

/**
 * Processes some messages of a partition, in their sequence: all of them or none, as in one transaction. It returns and throws as
 * {@linkcode MessageProcess} does.
 */
export type BatchProcess = (
  partition: number,
  messages: readonly Message[],
  context: LoopContext,
) => Promise<boolean>;

/** What the loop does with messages. */
export type Processing = MessageProcess | {
  readonly processBatch: BatchProcess;
};

/** After how long of work without a pause other things get their turn (sockets, timers, signals), in milliseconds. */
const TURN_MS = 10;
/** After how many messages the loop reads the clock, which takes about a twentieth of the time of a message. */
const CLOCK_EVERY = 32;
const STOP_TIMEOUT_MS = 8_000;
/**
 * How many messages are read before they are processed, about: one by one, so few that V8 doesn't take them for objects that stay; together,
 * as many as are worth a transaction.
 */
const PIECE_COUNT = { single: 500, together: 10_000 };
/** How long fetches may return nothing though there is something before each waits a little, in milliseconds. */
const STUCK_GRACE_MS = 1_000;

/** How long a partition may be without a leader before that is told, in milliseconds: another broker may be about to take over. */
const ELECTION_MS = 2_000;

/** Where reading goes on in each partition. */
type Starts = Map<number, bigint>;

/** What a fetch returned for a partition, while it is processed. */
interface Work {
  readonly fetched: Fetched;
  /** Whether the group no longer counts this member. */
  readonly isLost: () => boolean;
}

/** A partition with messages that the handler's side commits. */
interface Hold {
  readonly last: bigint;
  /** The offset of the last message that the handler's side has committed; -1 before that. */
  committed: bigint;
  /** The offset of the last message that is processed. */
  processed?: string;
  /** Whether they are committed, and the loop commits again what comes after them. */
  isOver: boolean;
}

class ConsumerLoop {
  readonly #kafka: KafkaClient;
  readonly #options: LoopOptions;
  readonly #process: Processing;
  readonly #consumer: Consumer;
  readonly #committer = new OffsetCommitter((positions, isForgotten) =>
    this.#save(positions, isForgotten)
  );
  readonly #end = Promise.withResolvers<void>();
  readonly #stopping = new AbortController();
  readonly #context: LoopContext = {
    signal: this.#stopping.signal,
    hold: (partition, offset) => this.#hold(partition, offset),
  };
  readonly #holds = new Map<number, Hold>();
  #generation = 0;
  #starts: Promise<Starts> = Promise.resolve(new Map());
  /** This member's partitions. */
  #partitions: readonly number[] = [];
  /** Those that have no leader. */
  #leaderless: readonly number[] = [];
  #leaderlessSince = 0;
  #toldLeaderless = "";
  /** Those of which it is not known where to begin, as they had no leader when that was looked up. */
  #unplaced: readonly number[] = [];
  #placing = false;
  readonly #position: GroupPosition;
  readonly #liveness: Liveness;
  #waiting = false;
  #closed = false;
  /** What {@linkcode ConsumerOptions.beforeCommit} threw. */
  #notReady: { readonly error: unknown } | undefined;

  constructor(
    kafka: KafkaClient,
    process: Processing,
    options: LoopOptions & {
      readonly consumer: Consumer;
      readonly admin: Admin;
    },
  ) {
    const { consumer, admin } = options;
    this.#kafka = kafka;
    this.#process = process;
    this.#options = options;
    this.#consumer = consumer;
    this.#position = new GroupPosition({ consumer, admin }, {
      ...options,
      signal: this.#stopping.signal,
    });
    this.#liveness = new Liveness({
      idleExitMs: options.idleExitMs,
      freshMs: 4 * FETCH_MAX_WAIT_MS,
      // What a partition without a leader has, nobody knows.
      idle: () => {
        if (this.#leaderless.length + this.#unplaced.length === 0) this.#stop();
      },
      stalled: (stall) => this.#fail(stalledError(stall)),
    });
    // run() awaits it only later; a failure before that must not count as unhandled.
    this.#end.promise.catch(() => {});
  }

  /**
   * Decides whether the consumer joins again after a failure: through an outage, but not for a topic that is gone, for which it
   * would wait without end.
   */
  async mayRestart(error: unknown): Promise<boolean> {
    if (!isKafkaOutage(error)) return false;
    if (
      protocolCodeOf(error) !== "UNKNOWN_TOPIC_OR_PARTITION" ||
      await this.#position.hasTopic()
    ) return !this.#stopping.signal.aborted;
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
      await this.#position.captureCommitted((reason) => {
        // A store tells itself that its place is away.
        if (!(reason instanceof OutageError)) this.#notifyWaiting(true, reason);
      });
      const running = this.#consumer.run({ topic, from }, {
        fetched: (fetched) => this.#onFetched(fetched),
        joined: (partitions, isNewGeneration) =>
          this.#onJoined(partitions, isNewGeneration),
        leaderless: (partitions) => this.#onLeaderless(partitions),
        answered: () => {
          this.#liveness.answered();
          this.#notifyWaiting(false);
          this.#commitAgain();
        },
        alive: () => this.#liveness.alive(),
        failed: (error, restarts) => {
          this.#liveness.alive();
          // What could not be fetched may come when Kafka is back.
          this.#liveness.moved();
          if (restarts) this.#notifyWaiting(true, error);
          else this.#fail(error);
        },
      });
      // Its first join may take as long as another member takes for its messages.
      await Promise.race([running, this.#end.promise]);
      await this.#end.promise;
      this.#options.stopping?.();
    } catch (error) {
      // Reported whatever happens while closing.
      failure = explainKafkaError(error, {
        config: this.#kafka.config,
        action: "Consuming",
      });
    } finally {
      this.#stop();
      signal?.removeEventListener("abort", stop);
      this.#liveness.unwatch();
    }
    const closed = await this.#close();
    this.#closed = true;
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
        hint: "The messages since the last commit will be delivered again.",
      });
    }
  }

  #onJoined(partitions: readonly number[], isNewGeneration: boolean): void {
    // The member may still join while the loop already stops.
    if (this.#stopping.signal.aborted) return;
    this.#liveness.alive();
    this.#notifyWaiting(false);
    if (isNewGeneration) {
      this.#position.renew();
      this.#begin(partitions);
      return;
    }
    this.#liveness.gap();
    // Nobody else has had them: what is not committed still counts, and kafkajs would go back to what is.
    this.#starts = this.#starts.then((starts) => {
      for (const [partition, next] of starts) {
        this.#consumer.seek(partition, next);
      }
      return starts;
    });
    this.#starts.catch((error) => this.#fail(error));
  }

  /** Looks up where to begin in this member's partitions. */
  #begin(partitions: readonly number[]): void {
    this.#partitions = partitions;
    this.#committer.forget();
    this.#holds.clear();
    this.#unplaced = [];
    this.#liveness.moved();
    this.#starts = this.#resolveStarts(partitions, ++this.#generation);
    this.#starts.then(() => {
      if (this.#stopping.signal.aborted) return;
      this.#liveness.watch();
      // The partitions may be new ones.
      this.#liveness.active();
    }).catch((error) => this.#fail(error));
  }

  async #resolveStarts(
    partitions: readonly number[],
    generation: number,
  ): Promise<Starts> {
    const { topic, notify, assigned } = this.#options;
    const starts: Starts = new Map();
    await this.#position.settled();
    if (!await this.#addStarts(starts, { partitions, generation })) {
      return starts;
    }
    if (partitions.length === 0) {
      notify?.(
        `This consumer has no partition of '${topic}': the group has at least as many members as the topic has partitions.`,
      );
    }
    assigned?.(partitions.toSorted((a, b) => a - b));
    return starts;
  }

  /** Finds where to begin in partitions; those without a leader are left for later. False if the group rebalances. */
  async #addStarts(
    starts: Starts,
    { partitions, generation }: {
      readonly partitions: readonly number[];
      readonly generation: number;
    },
  ): Promise<boolean> {
    const over = () =>
      generation !== this.#generation || this.#stopping.signal.aborted;
    if (over()) return false;
    const found = await this.#position.resolveStartOffsets(partitions, over);
    if (over()) return false;
    for (const partition of partitions) {
      const start = found?.get(partition);
      if (start) starts.set(partition, start.offset);
    }
    this.#unplaced = partitions.filter((one) => !starts.has(one));
    return found !== undefined;
  }

  /**
   * Finds where to begin in partitions that have a leader by now. A message is not waited for: in a store's place the group may be before
   * what kafkajs reads. And the others stay as they are, with what is held there and what is not committed.
   */
  #placeLate(): void {
    const generation = this.#generation;
    const partitions = this.#unplaced;
    this.#placing = true;
    this.#starts = this.#starts.then(async (starts) => {
      await this.#addStarts(starts, { partitions, generation });
      this.#liveness.active();
      return starts;
    }).finally(() => this.#placing = false);
    this.#starts.catch((error) => this.#fail(error));
  }

  #onLeaderless(partitions: readonly number[]): void {
    const isLate = this.#unplaced.some((one) => !partitions.includes(one));
    if (isLate && !this.#placing) this.#placeLate();
    const now = Date.now();
    if (partitions.join() !== this.#leaderless.join()) {
      this.#leaderless = partitions;
      this.#leaderlessSince = now;
      // What they have comes with the next fetch.
      this.#liveness.active();
    }
    const isOver = partitions.length === 0;
    if (this.#toldLeaderless === partitions.join()) return;
    if (!isOver && now - this.#leaderlessSince < ELECTION_MS) return;
    this.#toldLeaderless = partitions.join();
    const { topic, notify } = this.#options;
    notify?.(
      isOver
        ? `All partitions of '${topic}' that this consumer reads have a leader again.`
        : `${
          missingLeader(topic, partitions).message
        }: waiting for one, and reading the others.`,
    );
  }

  /** Reports that a wait for Kafka begins, or that it is over. */
  #notifyWaiting(waiting: boolean, reason?: unknown): void {
    if (waiting === this.#waiting || this.#stopping.signal.aborted) return;
    this.#waiting = waiting;
    this.#options.telemetry?.waiting("kafka", waiting);
    this.#options.notify?.(
      waiting
        ? describeWait(this.#kafka.config, reason)
        : "No longer waiting for Kafka.",
    );
  }

  #stop(): void {
    this.#stopping.abort();
    this.#end.resolve();
  }

  /** Ends the loop with an error. kafkajs must not see it: it would process the same messages again, or restart. */
  #fail(error: unknown): void {
    this.#end.reject(error);
    this.#stop();
  }

  /** Leaves the group and closes the connection; false if that takes too long. */
  async #close(): Promise<boolean> {
    const disconnect = () => this.#consumer.disconnect().catch(() => {});
    const closed = Promise.allSettled([this.#committer.flush(), this.#starts])
      .then(disconnect);
    const inTime = await within(closed, {
      timeoutMs: STOP_TIMEOUT_MS,
      late: () => new OutageError("Kafka does not answer"),
    }).then(() => true, () => false);
    if (!inTime) disconnect();
    // It may be waiting for the other members of a group that rebalances: nothing can be lost then.
    return inTime || !this.#liveness.busy && !this.#committer.behind;
  }

  async #onFetched(fetched: Fetched): Promise<void> {
    this.#liveness.batchBegins();
    const lost: unknown[] = [];
    const beats = setInterval(
      () => fetched.heartbeat().catch((error) => lost.push(error)),
      HEARTBEAT_INTERVAL_MS,
    );
    try {
      await this.#processFetched({ fetched, isLost: () => lost.length > 0 });
    } catch (error) {
      if (error instanceof OffsetMovedError) {
        // The generation is the same one, in which the coordinator would take a commit that is under way after the next one.
        this.#committer.forget();
        await this.#committer.flush();
        this.#begin(this.#partitions);
      } else this.#fail(error);
    } finally {
      clearInterval(beats);
      this.#liveness.batchEnds();
    }
    // Otherwise the commit may go on during the next fetch: what kafkajs sends to the group's coordinator afterwards, to join again for
    // example, follows it on the same connection.
    const { failed } = this.#committer;
    if (lost.length > 0 || failed || this.#stopping.signal.aborted) {
      await this.#committer.flush();
    }
    // The group rebalances, or no longer counts this member: kafkajs joins again.
    if (lost.length > 0) throw lost[0];
  }

  /** Repeats a commit that failed after its messages were processed, if no others have come since. */
  #commitAgain(): void {
    const { busy, hadFetchGap } = this.#liveness;
    // After a gap the topic may be another one, in which this offset means nothing.
    if (!this.#committer.failed || busy || hadFetchGap) return;
    this.#committer.flush().catch((error) => {
      // kafkajs meets these as well, and joins the group again.
      if (!isKafkaOutage(error) && !isRebalance(error)) this.#fail(error);
    });
  }

  async #processFetched(work: Work): Promise<void> {
    const { fetched } = work;
    const { partition, fetchedOffset } = fetched;
    const starts = await this.#starts;
    if (fetched.isStale || await this.#isRecreated(starts)) return;
    const expected = starts.get(partition);
    // Where to begin is looked up before the next fetch.
    if (expected === undefined) return;
    const gap = { from: expected, to: fetchedOffset };
    // Two brokers are asked for it while its leader moves: what the second one brings has been read.
    if (
      fetchedOffset !== expected &&
      !await this.#position.isGone(partition, gap)
    ) {
      this.#consumer.seek(partition, expected);
      return;
    }
    let nextOffset: bigint | undefined;
    const count = typeof this.#process === "function"
      ? PIECE_COUNT.single
      : PIECE_COUNT.together;
    for (const piece of fetched.pieces(count)) {
      nextOffset = await this.#processPiece(work, piece);
      if (nextOffset === undefined) return;
      starts.set(partition, nextOffset);
      fetched.moveTo(nextOffset);
      this.#liveness.moved();
      if (nextOffset < piece.nextOffset) return;
    }
    fetched.release();
    if (nextOffset !== undefined) return;
    // Other partitions may have filled the fetch. Otherwise the next one returns at once, and nothing again.
    const { signal } = this.#stopping;
    if (this.#liveness.stuck() > STUCK_GRACE_MS) {
      await pause(FETCH_MAX_WAIT_MS, signal);
    }
  }

  /** Processes some messages. Returns where reading goes on; undefined if none was processed. */
  async #processPiece(
    work: Work,
    piece: Piece,
  ): Promise<bigint | undefined> {
    const { fetched, isLost } = work;
    const { partition } = fetched;
    if (this.#stopping.signal.aborted || isLost()) return undefined;
    const count = await this.#processMessages(work, piece);
    if (count < piece.messages.length) {
      const last = piece.messages[count - 1];
      return last && BigInt(last.offset) + 1n;
    }
    const { nextOffset } = piece;
    this.#mark(partition, String(nextOffset - 1n));
    return nextOffset;
  }

  async #processMessages(
    { fetched, isLost }: Work,
    { messages }: Piece,
  ): Promise<number> {
    const { partition } = fetched;
    const process = this.#process;
    if (typeof process !== "function") {
      const done = messages.length === 0 ||
        await process.processBatch(partition, messages, this.#context);
      return done ? messages.length : 0;
    }
    let turnEndsMs = performance.now() + TURN_MS;
    for (let at = 0; at < messages.length; at++) {
      if (isLost() || this.#stopping.signal.aborted) return at;
      const message = messages[at] as Message;
      const done = process(partition, message, this.#context);
      if (typeof done === "boolean" ? !done : !await done) return at;
      this.#mark(partition, message.offset);
      if (at % CLOCK_EVERY === 0 && performance.now() > turnEndsMs) {
        await new Promise((resolve) => setTimeout(resolve, 0));
        if (fetched.isStale) return at + 1;
        turnEndsMs = performance.now() + TURN_MS;
      }
    }
    return messages.length;
  }

  /** After a gap between fetches: whether the topic was recreated meanwhile, and reading goes on at its start. */
  async #isRecreated(starts: Starts): Promise<boolean> {
    if (!this.#liveness.hadFetchGap) return false;
    const lows = await this.#position.resetIfRecreated([...starts.keys()]);
    this.#liveness.clearFetchGap();
    if (lows.size === 0) return false;
    this.#committer.forget();
    this.#holds.clear();
    for (const [partition, low] of lows) starts.set(partition, low);
    return true;
  }

  /** Commits a message that is processed, unless it is held. */
  #mark(partition: number, processed: string): void {
    const hold = this.#holds.get(partition);
    if (!hold || hold.isOver) this.#committer.mark(partition, processed);
    else hold.processed = processed;
  }

  #hold(partition: number, offset: string): () => Promise<void> {
    const generation = this.#generation;
    const last = BigInt(offset);
    const { committed = -1n } = this.#holds.get(partition) ?? {};
    this.#holds.set(partition, { last, committed, isOver: false });
    return () => this.#commitHeld({ partition, offset }, generation);
  }

  async #commitHeld(
    { partition, offset }: {
      readonly partition: number;
      readonly offset: string;
    },
    generation: number,
  ): Promise<void> {
    const hold = this.#holds.get(partition);
    // In another generation, the partition may be held again after another member had it.
    if (!hold || this.#closed || generation !== this.#generation) {
      throw notCommitted({ partition, offset });
    }
    const held = BigInt(offset);
    if (!hold.isOver && held > hold.committed) {
      hold.committed = held;
      hold.isOver = held >= hold.last;
      // What was processed after it and not held is committed along with it.
      const { processed = offset } = hold;
      this.#committer.mark(partition, hold.isOver ? processed : offset);
    }
    let cause: unknown;
    try {
      await throughOutages(() => this.#committer.flush(), {
        isOutage: isKafkaOutage,
        over: () => this.#closed || generation !== this.#generation,
      });
    } catch (error) {
      cause = error;
    }
    if (
      cause !== undefined || generation !== this.#generation ||
      this.#committer.failed
    ) throw notCommitted({ partition, offset }, cause);
  }

  async #save(
    positions: Positions,
    isForgotten: () => boolean,
  ): Promise<void> {
    try {
      await this.#options.beforeCommit?.();
    } catch (error) {
      this.#notReady ??= { error };
      this.#fail(error);
      throw error;
    }
    await this.#position.settled();
    // Kafka would take it from any member, and the group would go back in a partition that another has by now.
    if (isForgotten()) return;
    const next = new Map(
      [...positions].map(([partition, processed]) => [
        partition,
        BigInt(processed) + 1n,
      ]),
    );
    const ended = this.#options.telemetry?.committing();
    try {
      await this.#position.save(next);
      ended?.();
    } catch (error) {
      ended?.(error);
      throw error;
    }
  }
}

function notCommitted(
  message: { readonly partition: number; readonly offset: string },
  cause?: unknown,
): PipelineError {
  const { partition, offset } = message;
  return new PipelineError(
    `Offset ${offset} of partition ${partition} could not be committed: this member no longer has the partition`,
    { cause, hint: "The message will be delivered again." },
  );
}

/** kafkajs issues 659, 1072 and 1441: nothing is read any more, without an error. */
function stalledError({ kind, forMs }: Stall): PipelineError {
  const what = kind === "silent"
    ? "no heartbeat and no fetch"
    : "fetches returned no message, though there are some,";
  return new PipelineError(
    `The consumer has stalled: ${what} for ${Math.round(forMs / 1_000)} s`,
    { hint: "Start it again: it goes on where it committed last." },
  );
}

/** Processes a topic's messages at least once each, until the end, the idle time, the signal or a failure ends it. */
export async function consumeMessages(
  kafka: KafkaClient,
  process: Processing,
  options: LoopOptions,
): Promise<void> {
  const admin = kafka.admin();
  const { telemetry } = options;
  using lag = telemetry && new LagWatch(admin, options);
  try {
    const consumer: Consumer = kafka.consumer({
      group: options.group,
      sessionTimeoutMs: options.sessionTimeoutMs,
      together: typeof process !== "function",
      mayRestart: (error) => loop.mayRestart(error),
    });
    await connectWithin(admin, kafka.config, options);
    await connectWithin(consumer, kafka.config, options);
    const loop: ConsumerLoop = new ConsumerLoop(kafka, process, {
      ...options,
      consumer,
      admin,
      assigned(partitions) {
        lag?.watch(partitions);
        telemetry?.assigned(partitions);
        options.assigned?.(partitions);
      },
    });
    await loop.run();
  } finally {
    await admin.disconnect().catch(() => {});
  }
}
