/**
 * A producer whose `send()` can be awaited: for a service that answers once Kafka has acknowledged.
 *
 * @module
 */

import type { EventType } from "../events/event_type.ts";
import type { EventRecord } from "../events/record.ts";
import {
  connectSender,
  type EventSender,
  type ProducerOptions,
} from "./sender.ts";
import type { SendOptions } from "./sources/source.ts";

/**
 * Sends events of one kind, each with an answer of its own.
 *
 * Events that are sent without awaiting the ones before share requests. Events of one key keep their sequence.
 *
 * @example
 * ```ts ignore
 * await using producer = await EventProducer.connect(scans);
 * Deno.serve(async (request) => {
 *   const { partition, offset } = await producer.send(await request.json());
 *   return Response.json({ partition, offset }, { status: 201 });
 * });
 * ```
 */
export class EventProducer<T> {
  readonly #sender: EventSender<T>;
  #isClosed = false;

  private constructor(sender: EventSender<T>) {
    this.#sender = sender;
  }

  /**
   * Connects to Kafka and the registry, checks that the topic exists, and finds the schema to write by.
   *
   * @param type The kind of event.
   * @param options How to send.
   * @returns The producer, connected.
   * @throws {UsageError} If the options contradict each other.
   * @throws {PipelineError} If Kafka or the registry can't be reached or refuses, or the topic doesn't exist.
   */
  static async connect<T>(
    type: EventType<T>,
    options: ProducerOptions = {},
  ): Promise<EventProducer<T>> {
    return new EventProducer(await connectSender(type, options));
  }

  /**
   * Sends an event.
   *
   * @param event The event. It is checked: a value that came from outside needs no check before.
   * @param options The message's headers.
   * @returns Where it is, once the broker has acknowledged it.
   * @throws {TypeError} If the producer is closed.
   * @throws {InvalidEventError} If it isn't a valid event, or the broker refuses this one: it is not in the topic.
   * @throws {PipelineError} If it could not be delivered within 2 minutes: it is not known to be in the topic.
   */
  async send(event: T, options: SendOptions = {}): Promise<EventRecord<T>> {
    if (this.#isClosed) throw new TypeError("The producer is closed");
    await this.#sender.ready();
    const { promise, resolve, reject } = Promise.withResolvers<
      EventRecord<T>
    >();
    this.#sender.send(event, {
      delivered: resolve,
      failed: (_, error) => reject(error),
    }, options);
    return await promise;
  }

  /** Waits until every event is delivered or has failed, and closes the connection. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#sender.close();
  }

  /** Closes the producer at the end of an `await using` block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
