/**
 * Orders that keep coming while consumers are hurt.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { Producer } from "kafkajs";
import { partitionProducer } from "../../support/kafkajs.ts";
import { encodeOrders, makeOrder } from "../../support/topics.ts";
import type { FaultBench } from "./fault_tests.ts";

/** How many orders one request has at most: below the 1 MiB that a broker takes for a partition. */
const MAX_REQUEST_COUNT = 6_000;

/** Sends orders, the same number to each partition. */
export class Traffic implements AsyncDisposable {
  readonly #topic: string;
  readonly #producer: Producer;
  readonly #value: Buffer;
  readonly #partitions: number;
  #sent = 0;

  private constructor(
    topic: string,
    producer: Producer,
    value: Buffer,
    partitions: number,
  ) {
    this.#topic = topic;
    this.#producer = producer;
    this.#value = value;
    this.#partitions = partitions;
  }

  /**
   * Connects.
   *
   * @param bench The test's bench; its topic exists.
   * @param partitions How many partitions the topic has.
   * @returns What sends.
   */
  static async open(bench: FaultBench, partitions = 3): Promise<Traffic> {
    const [value = Buffer.alloc(0)] = await encodeOrders(bench, [makeOrder()]);
    const producer = await partitionProducer(bench.config);
    await producer.connect();
    return new Traffic(bench.topic, producer, value, partitions);
  }

  /** How many orders were sent. */
  get sent(): number {
    return this.#sent;
  }

  /**
   * Sends orders at once.
   *
   * @param count How many.
   */
  async send(count: number): Promise<void> {
    for (let left = count; left > 0; left -= MAX_REQUEST_COUNT) {
      await this.#sendRequest(Math.min(left, MAX_REQUEST_COUNT));
    }
  }

  async #sendRequest(count: number): Promise<void> {
    await this.#producer.send({
      topic: this.#topic,
      messages: Array.from({ length: count }, (_, n) => ({
        partition: (this.#sent + n) % this.#partitions,
        key: "charlie_davis",
        value: this.#value,
      })),
    });
    this.#sent += count;
  }

  /**
   * Sends orders bit by bit, until enough are sent or a stop.
   *
   * @param count How many.
   * @param options How many in each bit, how far apart the bits are in milliseconds, and the stop.
   */
  async trickle(
    count: number,
    options: {
      readonly bit: number;
      readonly everyMs: number;
      readonly signal?: AbortSignal;
    },
  ): Promise<void> {
    for (let left = count; left > 0 && !options.signal?.aborted;) {
      const bit = Math.min(options.bit, left);
      await this.send(bit);
      left -= bit;
      await new Promise((resolve) => setTimeout(resolve, options.everyMs));
    }
  }

  /** Disconnects. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#producer.disconnect();
  }
}
