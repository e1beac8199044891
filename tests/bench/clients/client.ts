/**
 * What the clients in TypeScript share: what they are asked to do, and the same orders, checked and encoded in the same way.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { crc32 } from "node:zlib";
import { type Order, orders, randomOrders } from "../../../lib/events/order.ts";
import type { ClientRequest } from "../request.ts";

/** How many messages a request takes. */
export const BATCH = 1_000;

/** An order on its way. */
export interface Outgoing {
  /** Its key. */
  readonly key: Buffer;
  /** Its value. */
  readonly value: Buffer;
  /** Its partition, as librdkafka finds it. */
  readonly partition: number;
  /** When it was made, in ms since 1970. */
  readonly timestamp: number;
}

/** What is known of a message that came. */
export interface Incoming {
  /** Its partition. */
  readonly partition: number;
  /** Its offset. */
  readonly offset: string;
  /** When it was made, in ms since 1970. */
  readonly timestamp: number;
  /** Its key. */
  readonly key: Buffer | null;
  /** Its value. */
  readonly value: Buffer | null;
}

/**
 * Generates orders, checks and encodes them.
 *
 * @param request The schema's id.
 * @returns The orders, without an end.
 */
export function* encodedOrders(
  { schemaId, partitions }: ClientRequest,
): Generator<Outgoing, never> {
  for (const order of randomOrders()) {
    const json = JSON.stringify(orders.check(order));
    const value = Buffer.allocUnsafe(5 + Buffer.byteLength(json));
    value[0] = 0;
    value.writeInt32BE(schemaId, 1);
    value.write(json, 5);
    const key = Buffer.from(orders.key(order) ?? "");
    const partition = crc32(key) % partitions;
    yield { key, value, partition, timestamp: Date.now() };
  }
  throw new Error("Orders have no end");
}

/** What is done with each message that comes. */
export class Work {
  readonly #request: ClientRequest;
  /** How many were processed. */
  processed = 0;
  /** What all of them cost. */
  amount = 0;

  /** @param request The schema's id, and whether each order is printed. */
  constructor(request: ClientRequest) {
    this.#request = request;
  }

  /** Whether all that was asked for is done. */
  get done(): boolean {
    return this.processed >= this.#request.count;
  }

  /**
   * Decodes a message, checks it and processes it.
   *
   * @param message The message.
   * @returns The order.
   */
  process(message: Incoming): Order {
    const { schemaId, topic } = this.#request;
    const { key, value, partition, offset, timestamp } = message;
    if (value?.[0] !== 0 || value.readInt32BE(1) !== schemaId) {
      throw new Error(`Not an order of schema ${schemaId}`);
    }
    const event = orders.checkBySchema(
      JSON.parse(value.toString("utf8", 5)),
    );
    this.processed++;
    this.amount += event.amount;
    if (this.#request.do !== "watch") return event;
    console.log(JSON.stringify({
      topic,
      partition,
      offset,
      timestamp: new Date(timestamp).toISOString(),
      key: key?.toString(),
      event,
    }));
    return event;
  }

  /** Says how much was done. */
  report(): void {
    const { processed, amount } = this;
    console.log(JSON.stringify({ processed, amount }));
  }
}

/**
 * Sends as much as was asked for: as fast as it goes with a few requests on their way at a time, or at the rate asked for.
 *
 * @param request How much, and how fast.
 * @param send Sends messages, and resolves when they are acknowledged.
 * @param inFlight How many requests are on their way at a time at full speed.
 */
export async function sendAll(
  request: ClientRequest,
  send: (messages: Outgoing[]) => Promise<unknown>,
  inFlight: number,
): Promise<void> {
  const source = encodedOrders(request);
  const take = (count: number) =>
    Array.from({ length: count }, () => source.next().value);
  const { count, rate } = request;
  const onTheirWay = new Set<Promise<unknown>>();
  const started = performance.now();
  for (let sent = 0; sent < count;) {
    const due = rate === undefined ? Math.min(sent + BATCH, count) : Math.min(
      Math.ceil((performance.now() - started) / 1_000 * rate),
      count,
    );
    if (due > sent) {
      const sending = send(take(due - sent))
        .finally(() => onTheirWay.delete(sending));
      onTheirWay.add(sending);
      sent = due;
    }
    if (rate !== undefined) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    } else if (onTheirWay.size >= inFlight) {
      await Promise.race(onTheirWay);
    }
  }
  await Promise.all(onTheirWay);
}

/**
 * Reads what a client is asked to do.
 *
 * @returns The request, from the command line.
 */
export function readRequest(): ClientRequest {
  const { count, ...request } = JSON.parse(Deno.args[0] ?? "");
  return { ...request, count: count ?? Infinity };
}
