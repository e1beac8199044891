/**
 * The delivery loop of one partition: messages wait in line, one request at a time takes as many as fit, and each message ends
 * in exactly one of two ways: delivered, or failed.
 *
 * A slow trickle is so sent at once and a flood in batches. One request at a time keeps the order: with several, one that is
 * sent again could land behind its successor. A batch that is sent again is the same batch to the message, as an idempotent
 * producer's sequence numbers demand. And since it holds a single partition, a broker takes all of it or nothing.
 *
 * @module
 */

import { FIRST_PAUSE_MS, MAX_PAUSE_MS } from "../base/retry.ts";
import { pause } from "../base/pause.ts";

/** Something that waits to be sent. */
export interface Sendable {
  /** How much it takes of a batch, in bytes. */
  readonly size: number;
}

/** What to do with an error of a request. */
export type SendErrorAction =
  /** Kafka can't be reached just now: the same batch again. */
  | "retry"
  /** The batch is larger than the broker takes: in two halves. */
  | "split"
  /** This batch can never be sent; the next may. */
  | "drop"
  /** Nothing more can be sent. */
  | "stop";

/** How a queue sends, and whom it tells. */
export interface DeliveryQueueOptions<T extends Sendable> {
  /** Sends one batch and resolves to the offset of its first message; -1 where the broker doesn't answer (acks 0). */
  readonly send: (batch: readonly T[]) => Promise<bigint>;
  /** Classifies what {@linkcode DeliveryQueueOptions.send} threw. */
  readonly classify: (error: unknown) => SendErrorAction;
  /** Is told of each message that was acknowledged, in the order of their offsets. */
  readonly delivered: (message: T, offset: bigint) => void;
  /** Is told of each message that was given up. */
  readonly failed: (message: T, error: unknown) => void;
  /** Is told when the queue begins to wait for Kafka, and when a request was answered after a wait. */
  readonly waiting?: (waits: boolean) => void;
  /** How many messages a batch takes at most. */
  readonly maxBatchCount: number;
  /** How many bytes a batch takes at most; a larger message goes alone. Equals `batch.size`. */
  readonly maxBatchBytes: number;
  /** For how long one batch is sent again before it is given up, in milliseconds. Equals `delivery.timeout.ms`. */
  readonly deliveryTimeoutMs: number;
}

/** One partition's line of messages. */
export class DeliveryQueue<T extends Sendable> {
  readonly #options: DeliveryQueueOptions<T>;
  #queue: T[] = [];
  #running: Promise<void> | undefined;
  #batch: Promise<void> | undefined;
  #stopped: { readonly error: unknown } | undefined;
  readonly #stopping = new AbortController();
  /** What has ended neither way yet. */
  readonly #open = new Set<T>();
  readonly #abandoned = Promise.withResolvers<void>();

  /** @param options How to send, and whom to tell. */
  constructor(options: DeliveryQueueOptions<T>) {
    this.#options = options;
  }

  /** Whether nothing more can be sent: every message fails from now on. */
  get stopped(): boolean {
    return this.#stopped !== undefined;
  }

  /** How many messages wait and are in no request yet. */
  get length(): number {
    return this.#queue.length;
  }

  /**
   * Waits while the line is too long, so that a fast source doesn't fill the memory.
   *
   * @param limit From how many waiting messages on it is.
   * @returns When it is shorter.
   */
  async room(limit: number): Promise<void> {
    while (this.#queue.length >= limit) await this.#batch;
  }

  /**
   * Puts a message in the line. It is sent at once unless a request is under way.
   *
   * @param message The message.
   */
  push(message: T): void {
    this.#queue.push(message);
    this.#open.add(message);
    if (this.#running) return;
    this.#running = this.#run();
    // What a callback throws is no answer of Kafka's: whoever waits for the queue gets it.
    this.#running.catch((error) => this.stop(error));
  }

  /**
   * Waits until every message has ended one way or the other.
   *
   * @returns When nothing is left.
   * @throws {unknown} What a callback threw: the queue is at its end then.
   */
  async flush(): Promise<void> {
    const abandoned = this.#abandoned.promise.then(() => true);
    while (this.#running) {
      if (await Promise.race([this.#running, abandoned])) return;
    }
  }

  /**
   * Gives up what waits: from now on every message fails, the one in a request under way excepted if it is acknowledged.
   *
   * @param error Why.
   */
  stop(error: unknown): void {
    this.#stopped ??= { error };
    this.#stopping.abort();
  }

  /**
   * Gives up everything at once, a request under way included: whether Kafka took that is not known then.
   *
   * @param error Why.
   */
  abandon(error: unknown): void {
    this.stop(error);
    this.#abandoned.resolve();
    this.#fail([...this.#open], error);
  }

  async #run(): Promise<void> {
    // Lets everything that is pushed in one go gather in one batch.
    this.#batch = Promise.resolve();
    await this.#batch;
    while (this.#queue.length > 0) {
      this.#batch = this.#deliver(this.#takeBatch());
      await this.#batch;
    }
    this.#running = undefined;
  }

  #takeBatch(): T[] {
    const { maxBatchCount, maxBatchBytes } = this.#options;
    let bytes = 0;
    let count = 0;
    for (const { size } of this.#queue) {
      if (count === maxBatchCount) break;
      if (count > 0 && bytes + size > maxBatchBytes) break;
      bytes += size;
      count++;
    }
    return this.#queue.splice(0, count);
  }

  async #deliver(batch: readonly T[]): Promise<void> {
    const { send, classify, delivered, waiting, deliveryTimeoutMs } =
      this.#options;
    const deadline = Date.now() + deliveryTimeoutMs;
    let told = false;
    let first: bigint;
    for (let wait = FIRST_PAUSE_MS;; wait = Math.min(wait * 2, MAX_PAUSE_MS)) {
      if (this.#stopped) return this.#fail(batch, this.#stopped.error);
      try {
        first = await send(batch);
        break;
      } catch (error) {
        const action = classify(error);
        if (action === "split" && batch.length > 1) {
          const half = Math.ceil(batch.length / 2);
          await this.#deliver(batch.slice(0, half));
          return await this.#deliver(batch.slice(half));
        }
        if (
          action === "stop" ||
          action === "retry" && Date.now() + wait > deadline
        ) {
          this.stop(error);
        }
        if (action !== "retry" || this.#stopped) {
          return this.#fail(batch, error);
        }
      }
      if (!told) waiting?.(told = true);
      await pause(wait, this.#stopping.signal);
    }
    if (told) waiting?.(false);
    for (const [i, message] of batch.entries()) {
      if (!this.#open.delete(message)) continue;
      delivered(message, first < 0n ? first : first + BigInt(i));
    }
  }

  #fail(batch: readonly T[], error: unknown): void {
    for (const message of batch) {
      if (this.#open.delete(message)) this.#options.failed(message, error);
    }
  }
}
