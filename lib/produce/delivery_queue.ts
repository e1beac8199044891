/**
 * The delivery loop of one partition: messages queue, one request at a time takes as many as fit, and each message ends in exactly
 * one of two ways: delivered, or failed.
 *
 * At low rates each message is sent immediately; under load they are batched. One request at a time keeps the sequence: with
 * several, a retried one could land behind its successor. A retried batch has the same messages, as an idempotent producer's
 * sequence numbers require. A batch holds one partition only, so a broker takes all of it or nothing.
 *
 * @module
 */

import { throughOutages } from "../base/retry.ts";

/** A message that can be queued. */
export interface Sendable {
  /** Its size in a batch, in bytes. */
  readonly size: number;
  /** Whether it was delivered or has failed: set by the queue, which takes a message once. */
  ended?: boolean;
}

/** What to do about an error of a request. */
export type SendErrorAction =
  /** Kafka can't be reached: send the same batch again. */
  | "retry"
  /** The broker refuses a message of the batch, or its size: send it in two halves; a single message is given up. */
  | "split"
  /** Nothing more can be sent. */
  | "stop";

/** How a queue sends, and its observers. */
export interface DeliveryQueueOptions<T extends Sendable> {
  /** Sends one batch and resolves to the offset of its first message; -1 where the broker doesn't answer (acks 0). */
  readonly send: (batch: readonly T[]) => Promise<bigint>;
  /** Classifies what {@linkcode DeliveryQueueOptions.send} threw. */
  readonly classify: (error: unknown) => SendErrorAction;
  /** Called for each message that was acknowledged, in the sequence of their offsets. */
  readonly delivered: (message: T, offset: string) => void;
  /** Called for each message that was given up. */
  readonly failed: (message: T, error: unknown) => void;
  /** Called with true and the reason when the queue begins to wait for Kafka, and with false when that is over, however it ended. */
  readonly waiting?: (waits: boolean, reason?: unknown) => void;
  /** Called when nothing more can be sent: every message fails from now on. */
  readonly stopped?: () => void;
  /** How many messages a batch takes at most. */
  readonly maxBatchCount: number;
  /** How many bytes a batch takes at most; a larger message goes alone. Equals `batch.size`. */
  readonly maxBatchBytes: number;
  /** How long one batch is retried before it is given up, in milliseconds. Equals `delivery.timeout.ms`. */
  readonly deliveryTimeoutMs: number;
}

/** The queue of one partition. */
export class DeliveryQueue<T extends Sendable> {
  readonly #options: DeliveryQueueOptions<T>;
  #queue: T[] = [];
  /** What the request under way was made of; parts of it may have their outcome. */
  #batch: readonly T[] = [];
  #running: Promise<void> | undefined;
  #stopped: { readonly error: unknown } | undefined;
  readonly #stopping = new AbortController();
  readonly #abandoned = Promise.withResolvers<void>();

  constructor(options: DeliveryQueueOptions<T>) {
    this.#options = options;
  }

  /** Whether nothing more can be sent: every message fails from now on. */
  get stopped(): boolean {
    return this.#stopped !== undefined;
  }

  /** Queues a message. It is sent immediately unless a request is under way. */
  push(message: T): void {
    this.#queue.push(message);
    if (this.#running) return;
    this.#running = this.#run();
    // What a callback throws is not an answer of Kafka's: callers of flush() get it.
    this.#running.catch((error) => this.stop(error));
  }

  /** Waits until every message has ended one way or the other. It rejects with what a callback threw: the queue has ended then. */
  async flush(): Promise<void> {
    const abandoned = this.#abandoned.promise.then(() => true);
    while (this.#running) {
      if (await Promise.race([this.#running, abandoned])) return;
    }
  }

  /** Gives up what is queued: every message fails from now on, except those of a request under way that is acknowledged. */
  stop(error: unknown): void {
    this.#stopped ??= { error };
    this.#stopping.abort();
    this.#options.stopped?.();
  }

  /** Gives up everything, a request under way included: whether Kafka took that one is not known then. */
  abandon(error: unknown): void {
    this.stop(error);
    this.#abandoned.resolve();
    this.#fail([...this.#batch, ...this.#queue], error);
  }

  async #run(): Promise<void> {
    // Lets everything that is pushed in one go gather in one batch.
    await Promise.resolve();
    while (this.#queue.length > 0) {
      this.#batch = this.#takeBatch();
      await this.#deliver(this.#batch);
    }
    this.#batch = [];
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
    const { delivered } = this.#options;
    const first = await this.#sendThroughOutages(batch);
    if (first === "split") {
      const half = Math.ceil(batch.length / 2);
      await this.#deliver(batch.slice(0, half));
      return await this.#deliver(batch.slice(half));
    }
    if (first === undefined) return;
    // Numbers are faster to count and to write than bigints, and hold the offsets of 285 years at a million a second.
    let offset = Number(first);
    const step = offset < 0 ? 0 : 1;
    for (const message of batch) {
      if (!message.ended) {
        message.ended = true;
        delivered(message, String(offset));
      }
      offset += step;
    }
  }

  /** Sends a batch. Returns the offset of its first message; undefined if all of it has failed. */
  async #sendThroughOutages(
    batch: readonly T[],
  ): Promise<bigint | "split" | undefined> {
    const { send, classify, waiting, deliveryTimeoutMs } = this.#options;
    let waits = false;
    try {
      const first = this.#stopped ? undefined : await throughOutages(
        () => send(batch),
        {
          isOutage: (error) => classify(error) === "retry",
          signal: this.#stopping.signal,
          timeoutMs: deliveryTimeoutMs,
          begins: (error) => waiting?.(waits = true, error),
        },
      );
      return first ?? this.#fail(batch, this.#stopped?.error);
    } catch (error) {
      const isRefused = classify(error) === "split";
      if (isRefused && batch.length > 1) return "split";
      if (!isRefused) this.stop(error);
      return this.#fail(batch, error);
    } finally {
      if (waits) waiting?.(false);
    }
  }

  #fail(batch: readonly T[], error: unknown): undefined {
    for (const message of batch) {
      if (message.ended) continue;
      message.ended = true;
      this.#options.failed(message, error);
    }
  }
}
