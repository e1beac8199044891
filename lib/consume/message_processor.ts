/**
 * What becomes of one message: it is read and handled, or kept as a dead letter. Nothing that a message contains may end the
 * consumer, stop its partition, or disappear.
 *
 * @module
 */

import type { KafkaMessage } from "kafkajs";
import { readStandIn } from "../kafka/batches/undecodable_batch.ts";
import type { CustomerEvent } from "../events/order.ts";
import type { Stage } from "./dead_letters/dead_letter.ts";
import type { DeadLetterQueue } from "./dead_letters/dead_letter_queue.ts";
import {
  HandlerStop,
  InvalidEventError,
  messageOf,
  OutageError,
  PipelineError,
} from "../base/errors.ts";
import { throughOutages } from "../base/retry.ts";
import { pause } from "../base/pause.ts";
import {
  type EventRecord,
  keyText,
  placeOf,
  type Position,
} from "../events/record.ts";
import type { EventDeserializer } from "../registry/serializer.ts";

/**
 * Processes one order. When it returns, or its promise resolves, the order counts as processed and its offset may be
 * committed. What it throws is tried again and then kept as a dead letter; only a {@linkcode HandlerStop} ends the run.
 */
export type EventHandler = (record: EventRecord) => void | Promise<void>;

/** A message that was passed over. */
export interface PassedOver extends Position {
  /** Why: what can't be read, or what the handler threw. */
  readonly error: unknown;
  /** Where it is kept. */
  readonly letter: Position;
}

/** Whom to tell of what is not an order. */
export interface MessageObserver {
  /** Is told of each message that was kept as a dead letter. */
  readonly passedOver?: ((message: PassedOver) => void) | undefined;
  /** Is told of each message without a value: it deletes its key from a compacted topic, and is no order. */
  readonly tombstone?:
    | ((position: Position, key: string | null) => void)
    | undefined;
  /** Is told of a wait, in a line. */
  readonly notify?: ((line: string) => void) | undefined;
}

/** How messages are processed. */
export interface MessageProcessorOptions extends MessageObserver {
  /** The topic that the messages come from. */
  readonly topic: string;
  /** How often a handler that throws is tried again. */
  readonly handlerRetries: number;
  /** The pause before the first of these tries, in milliseconds; it doubles each time. */
  readonly handlerBackoffMs: number;
  /** How long a handler may take before it is warned of, in milliseconds. Equals `session.timeout.ms`. */
  readonly sessionTimeoutMs: number;
  /** Where dead letters go; nothing: the first one ends the run. */
  readonly deadLetters: Pick<DeadLetterQueue, "send"> | undefined;
}

/** How many messages were processed, by outcome. */
export interface MessageCounts {
  /** How many orders were handled. */
  readonly consumed: number;
  /** How many messages were kept as dead letters. */
  readonly passedOver: number;
}

/** A message on its way. */
interface Incoming {
  readonly partition: number;
  readonly message: KafkaMessage;
  /** A stop: it ends a wait. */
  readonly signal: AbortSignal;
}

/** Processes messages, and counts them. */
export class MessageProcessor {
  readonly #options: MessageProcessorOptions;
  readonly #deserializer: Pick<EventDeserializer, "decode">;
  readonly #handler: EventHandler;
  #consumed = 0;
  #passedOver = 0;

  /**
   * Makes a processor.
   *
   * @param deserializer Reads the messages' values.
   * @param handler Processes each order.
   * @param options The topic, the limits, and what becomes of what can't be processed.
   */
  constructor(
    deserializer: Pick<EventDeserializer, "decode">,
    handler: EventHandler,
    options: MessageProcessorOptions,
  ) {
    this.#deserializer = deserializer;
    this.#handler = handler;
    this.#options = options;
  }

  /** How many messages were processed so far. */
  get counts(): MessageCounts {
    return { consumed: this.#consumed, passedOver: this.#passedOver };
  }

  /**
   * Processes one message.
   *
   * @param partition Its partition.
   * @param message The message.
   * @param signal A stop: it ends a wait.
   * @returns Whether it is done; false where a stop came first. A promise only where something has to be waited for.
   * @throws {PipelineError} If the run has to end: the message is not done.
   */
  process(
    partition: number,
    message: KafkaMessage,
    signal: AbortSignal,
  ): boolean | Promise<boolean> {
    const { value, headers } = message;
    const standIn = readStandIn(headers);
    if (standIn) {
      const { reason } = standIn;
      return reason === undefined || this.#keepUnread(
        { partition, message, signal },
        new InvalidEventError(reason),
      );
    }
    if (value === null) return this.#passTombstone(partition, message);
    let event: CustomerEvent | Promise<CustomerEvent>;
    try {
      event = this.#deserializer.decode(value);
    } catch (error) {
      return this.#keepUnread({ partition, message, signal }, error);
    }
    return event instanceof Promise
      ? this.#handleFetched({ partition, message, signal }, event)
      : this.#handle({ partition, message, signal }, event);
  }

  #positionOf({ partition, message }: Incoming): Position {
    return { topic: this.#options.topic, partition, offset: message.offset };
  }

  #passTombstone(partition: number, message: KafkaMessage): true {
    const { topic, tombstone } = this.#options;
    const { offset, key } = message;
    tombstone?.({ topic, partition, offset }, keyText(key));
    return true;
  }

  #handle(
    incoming: Incoming,
    event: CustomerEvent,
  ): boolean | Promise<boolean> {
    const { partition, message } = incoming;
    const { offset, key, timestamp } = message;
    const record: EventRecord = {
      topic: this.#options.topic,
      partition,
      offset,
      timestamp: Number(timestamp),
      key: keyText(key),
      event,
    };
    const started = Date.now();
    let handled: void | Promise<void>;
    try {
      handled = this.#handler(record);
    } catch (error) {
      handled = Promise.reject(error);
    }
    // The handler may have held everything up, heartbeats too.
    if (Date.now() - started > this.#options.sessionTimeoutMs) {
      this.#warnOfSlowness(record);
    }
    if (handled instanceof Promise) {
      return this.#handleSlowly(incoming, record, handled);
    }
    this.#consumed++;
    return true;
  }

  /** Waits for a handler, and tries again what it throws. */
  async #handleSlowly(
    incoming: Incoming,
    record: EventRecord,
    handled: Promise<void>,
  ): Promise<boolean> {
    const { handlerRetries, handlerBackoffMs, sessionTimeoutMs } =
      this.#options;
    const { signal } = incoming;
    for (let retry = 0;; retry++) {
      const slow = setTimeout(
        () => this.#warnOfSlowness(record),
        sessionTimeoutMs,
      );
      try {
        await handled;
        this.#consumed++;
        return true;
      } catch (error) {
        if (error instanceof HandlerStop) throw error;
        // Bad data stays bad.
        if (retry === handlerRetries || error instanceof InvalidEventError) {
          return await this.#keep(incoming, error, "TASK_PUT");
        }
      } finally {
        clearTimeout(slow);
      }
      await pause(handlerBackoffMs * 2 ** retry, signal);
      if (signal.aborted) return false;
      handled = Promise.try(this.#handler, record);
    }
  }

  #warnOfSlowness(position: Position): void {
    const { sessionTimeoutMs, notify } = this.#options;
    notify?.(
      `The handler takes longer than session.timeout.ms (${sessionTimeoutMs}) for ${
        placeOf(position)
      }: a rebalance may deliver it again.`,
    );
  }

  /** Waits for the writer's schema. An outage of the registry is no bad message: it is waited out. */
  async #handleFetched(
    incoming: Incoming,
    fetched: Promise<CustomerEvent>,
  ): Promise<boolean> {
    const { notify } = this.#options;
    const { signal } = incoming;
    const value = incoming.message.value as Uint8Array;
    let first: Promise<CustomerEvent> | undefined = fetched;
    let event: CustomerEvent | undefined;
    try {
      event = await throughOutages(() => {
        const decoded = first ?? this.#deserializer.decode(value);
        first = undefined;
        return decoded;
      }, {
        isOutage: (error) => error instanceof OutageError,
        signal,
        begins: (error) => notify?.(`${messageOf(error)}. Waiting for it...`),
        ends: () => notify?.("No longer waiting for the Schema Registry."),
      });
    } catch (error) {
      return await this.#keepUnread(incoming, error);
    }
    return event ? await this.#handle(incoming, event) : false;
  }

  /** Keeps as a dead letter what can't be read. A refusal of the registry, or a defect, is not the message's fault. */
  async #keepUnread(incoming: Incoming, error: unknown): Promise<boolean> {
    if (!(error instanceof InvalidEventError)) throw error;
    return await this.#keep(incoming, error, "VALUE_CONVERTER");
  }

  /** Keeps as a dead letter what can't be processed. */
  async #keep(
    incoming: Incoming,
    error: unknown,
    stage: Stage,
  ): Promise<boolean> {
    const { deadLetters, passedOver } = this.#options;
    const { message, signal } = incoming;
    const origin = this.#positionOf(incoming);
    if (!deadLetters) {
      const verb = error instanceof InvalidEventError ? "read" : "process";
      throw new PipelineError(
        `Can't ${verb} message ${placeOf(origin)}: ${messageOf(error)}`,
        {
          cause: error,
          code: "message-rejected",
        },
      );
    }
    const letter = await deadLetters.send(
      message,
      { origin, error, stage },
      signal,
    );
    if (!letter) return false;
    this.#passedOver++;
    passedOver?.({ ...origin, error, letter });
    return true;
  }
}
