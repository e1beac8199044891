/**
 * Processes messages one at a time: each is read and handled, or set aside as a dead letter.
 *
 * @module
 */

import { type EventRecord, placeOf } from "../events/record.ts";
import type { EventDeserializer } from "../registry/serializer.ts";
import {
  type EventHandler,
  HandlerCaller,
  type HandlerOptions,
} from "./handler.ts";
import {
  type Incoming,
  type MessageCounts,
  MessageReader,
  type MessageReaderOptions,
} from "./message_reader.ts";

/** How messages are processed. */
export interface MessageProcessorOptions
  extends MessageReaderOptions, HandlerOptions {}

/** Processes messages, and counts them. */
export class MessageProcessor<T> {
  readonly #options: MessageProcessorOptions;
  readonly #reader: MessageReader<T>;
  readonly #handler: EventHandler<T>;
  readonly #caller: HandlerCaller;
  #consumed = 0;

  /**
   * Makes a processor.
   *
   * @param deserializer Reads the messages' values.
   * @param handler Processes each event.
   * @param options The topic, the limits, and where dead letters go.
   */
  constructor(
    deserializer: Pick<EventDeserializer<T>, "decode">,
    handler: EventHandler<T>,
    options: MessageProcessorOptions,
  ) {
    this.#reader = new MessageReader(deserializer, options);
    this.#handler = handler;
    this.#caller = new HandlerCaller(options);
    this.#options = options;
  }

  /** How many messages were processed so far. */
  get counts(): MessageCounts {
    return { consumed: this.#consumed, ...this.#reader.counts };
  }

  /**
   * Processes one message.
   *
   * @param incoming The message.
   * @returns Whether it is done; false if a stop came first. A promise only if there is something to wait for.
   * @throws {PipelineError} If the run has to end: the message is not done.
   */
  process(incoming: Incoming): boolean | Promise<boolean> {
    const read = this.#reader.read(incoming);
    if (read instanceof Promise) {
      return read.then((result) =>
        typeof result === "boolean" ? result : this.#handle(incoming, result)
      );
    }
    return typeof read === "boolean" ? read : this.#handle(incoming, read);
  }

  #handle(
    incoming: Incoming,
    record: EventRecord<T>,
  ): boolean | Promise<boolean> {
    const { signal } = incoming;
    const handled = this.#caller.call({
      call: () => this.#handler(record, { signal }),
      slow: () => this.#notifyOfSlowness(record),
      signal,
    });
    if (!handled) {
      this.#consumed++;
      return true;
    }
    return handled.then((end) => {
      if (!end) {
        this.#consumed++;
        return true;
      }
      if ("stopped" in end) return false;
      const { error } = end;
      return this.#reader.setAside(incoming, { error, stage: "TASK_PUT" });
    });
  }

  #notifyOfSlowness(record: EventRecord<T>): void {
    const { sessionTimeoutMs, notify } = this.#options;
    notify?.(
      `The handler takes longer than session.timeout.ms (${sessionTimeoutMs}) for ${
        placeOf(record)
      }: a rebalance may deliver it again.`,
    );
  }
}
