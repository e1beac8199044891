/**
 * Turns messages into events. What can't be read is set aside: nothing that a message contains may end the consumer, stop its
 * partition, or disappear.
 *
 * @module
 */

import { InvalidEventError, messageOf, PipelineError } from "../base/errors.ts";
import { throughOutages } from "../base/retry.ts";
import {
  type EventRecord,
  keyText,
  placeOf,
  type Position,
} from "../events/record.ts";
import type { ConsumerTelemetry } from "../events/telemetry.ts";
import { SCHEMA_ID_HEADER } from "../events/wire_format.ts";
import { describeDamage, type Message } from "../kafka/message.ts";
import type { EventDeserializer } from "../registry/serializer.ts";
import type { Stage } from "./dead_letters/dead_letter.ts";
import type { DeadLetterQueue } from "./dead_letters/dead_letter_queue.ts";
import type { HandlerContext } from "./handler.ts";

/** A message that was set aside as a dead letter. */
export interface SetAside extends Position {
  /** Why: what can't be read, or what the handler threw. */
  readonly error: unknown;
  /** Where the dead letter is. */
  readonly letter: Position;
}

/** Observes the messages that no handler gets. */
export interface MessageObserver {
  /** Called for each message that was set aside as a dead letter. */
  readonly setAside?: ((message: SetAside) => void) | undefined;
  /** Called for each message without a value: it deletes its key from a compacted topic, and is not an event. */
  readonly tombstone?:
    | ((position: Position, key: string | null) => void)
    | undefined;
  /** Called with a line about a wait, or a handler that takes long. */
  readonly notify?: ((line: string) => void) | undefined;
}

/** How messages are read. */
export interface MessageReaderOptions extends MessageObserver {
  readonly topic: string;
  /** Where dead letters go; undefined: the first one ends the run. */
  readonly deadLetters: Pick<DeadLetterQueue, "send"> | undefined;
  readonly telemetry?: ConsumerTelemetry | undefined;
}

/** How many messages were processed, by outcome. */
export interface MessageCounts {
  /** How many events were handled. */
  readonly consumed: number;
  /** How many messages were set aside as dead letters. */
  readonly deadLetters: number;
  /** How many messages had no value. */
  readonly tombstones: number;
}

/** A message to be processed. */
export interface Incoming<C extends HandlerContext = HandlerContext> {
  readonly partition: number;
  readonly message: Message;
  /** What its handler gets besides. A stop ends waits by its signal. */
  readonly context: C;
}

/** What came of reading a message: an event; true if it is done without one; false if a stop came first. */
export type ReadResult<T> = EventRecord<T> | boolean;

/** Reads messages, sets aside what can't be read, and counts. */
export class MessageReader<T> {
  readonly #options: MessageReaderOptions;
  readonly #deserializer: Pick<EventDeserializer<T>, "decode">;
  #deadLetters = 0;
  #tombstones = 0;

  constructor(
    deserializer: Pick<EventDeserializer<T>, "decode">,
    options: MessageReaderOptions,
  ) {
    this.#deserializer = deserializer;
    this.#options = options;
  }

  /** How many messages no handler got, by outcome. */
  get counts(): Omit<MessageCounts, "consumed"> {
    return { deadLetters: this.#deadLetters, tombstones: this.#tombstones };
  }

  /** Reads a message. A promise only if there is something to wait for. What it throws has to end the run: the message is not done. */
  read(incoming: Incoming): ReadResult<T> | Promise<ReadResult<T>> {
    const { partition, message } = incoming;
    const { value, damaged } = message;
    if (damaged) {
      const { topic } = this.#options;
      const reason = describeDamage(message, { topic, partition });
      return this.#setAsideUnread(incoming, new InvalidEventError(reason));
    }
    if (value === null) return this.#countTombstone(incoming);
    let event: T | Promise<T>;
    try {
      event = this.#decode(incoming.message);
    } catch (error) {
      return this.#setAsideUnread(incoming, error);
    }
    return event instanceof Promise
      ? this.#readFetched(incoming, event)
      : this.#recordOf(incoming, event);
  }

  /** Sets a message aside as a dead letter. Returns whether it is kept; false if a stop came first. */
  async setAside(
    incoming: Incoming,
    reason: { readonly error: unknown; readonly stage: Stage },
  ): Promise<boolean> {
    const { topic, deadLetters, setAside, telemetry } = this.#options;
    const { partition, message, context: { signal } } = incoming;
    const { error } = reason;
    const origin: Position = { topic, partition, offset: message.offset };
    if (!deadLetters) {
      const verb = error instanceof InvalidEventError ? "read" : "process";
      throw new PipelineError(
        `Can't ${verb} message ${placeOf(origin)}: ${messageOf(error)}`,
        { cause: error, code: "message-rejected" },
      );
    }
    const letter = await deadLetters.send(message, {
      origin,
      ...reason,
      signal,
    });
    if (!letter) return false;
    this.#deadLetters++;
    telemetry?.setAside(error);
    setAside?.({ ...origin, error, letter });
    return true;
  }

  #recordOf({ partition, message }: Incoming, event: T): EventRecord<T> {
    const { offset, key, timestamp, headers } = message;
    return {
      topic: this.#options.topic,
      partition,
      offset,
      timestamp,
      key: keyText(key),
      headers,
      event,
    };
  }

  #decode({ value, headers }: Message): T | Promise<T> {
    const schemaId = headers.find(([name]) => name === SCHEMA_ID_HEADER);
    return this.#deserializer.decode(
      value as Uint8Array,
      schemaId?.[1] ?? undefined,
    );
  }

  #countTombstone({ partition, message }: Incoming): true {
    const { topic, tombstone, telemetry } = this.#options;
    const { offset, key } = message;
    this.#tombstones++;
    telemetry?.tombstone();
    tombstone?.({ topic, partition, offset }, keyText(key));
    return true;
  }

  /** Waits for the writer's schema. An outage of the registry is waited out: it doesn't make the message bad. */
  async #readFetched(
    incoming: Incoming,
    fetched: Promise<T>,
  ): Promise<ReadResult<T>> {
    const { notify, telemetry } = this.#options;
    const { message, context: { signal } } = incoming;
    let first: Promise<T> | undefined = fetched;
    let decoded: { readonly event: T } | undefined;
    try {
      decoded = await throughOutages(async () => {
        const decoding = first ?? this.#decode(message);
        first = undefined;
        return { event: await decoding };
      }, {
        signal,
        begins(error) {
          telemetry?.waiting("registry", true);
          notify?.(`${messageOf(error)}. Waiting for it...`);
        },
        ends() {
          telemetry?.waiting("registry", false);
          notify?.("No longer waiting for the Schema Registry.");
        },
      });
    } catch (error) {
      return await this.#setAsideUnread(incoming, error);
    }
    return decoded ? this.#recordOf(incoming, decoded.event) : false;
  }

  /** A refusal of the registry, or a defect, is not the message's fault. */
  async #setAsideUnread(
    incoming: Incoming,
    error: unknown,
  ): Promise<boolean> {
    if (!(error instanceof InvalidEventError)) throw error;
    return await this.setAside(incoming, { error, stage: "VALUE_CONVERTER" });
  }
}
