/**
 * Processes messages, alone or together: each is read and handled, or set aside as a dead letter. While its handler fails, it is
 * called again with growing pauses.
 *
 * @module
 */

import { HandlerStop, InvalidEventError, OutageError } from "../base/errors.ts";
import { pause } from "../base/pause.ts";
import { FIRST_PAUSE_MS, MAX_PAUSE_MS } from "../base/retry.ts";
import { type EventRecord, placeOf } from "../events/record.ts";
import type { Processing } from "../events/telemetry.ts";
import type { Message } from "../kafka/message.ts";
import type { EventDeserializer } from "../registry/serializer.ts";
import type { EventHandler, HandlerContext } from "./handler.ts";
import {
  type Incoming,
  type MessageCounts,
  MessageReader,
  type MessageReaderOptions,
} from "./message_reader.ts";
import type { ConsumerOptions } from "./options.ts";

/**
 * Handles events of one partition, in the sequence of their offsets: one, or several that are done together. It returns and throws as
 * {@linkcode EventHandler} does.
 */
export type RecordsHandler<T, C extends HandlerContext = HandlerContext> = (
  records: readonly EventRecord<T>[],
  context: C,
) => void | PromiseLike<void>;

/** How messages are processed. */
export interface EventProcessorOptions extends
  MessageReaderOptions,
  Required<
    Pick<
      ConsumerOptions,
      "handlerRetries" | "handlerBackoffMs" | "sessionTimeoutMs"
    >
  > {}

const MAX_BACKOFF_MS = 30_000;

/** Makes a handler of events that come one at a time. Returns the same handler for a list of one. */
export function oneByOne<T>(handler: EventHandler<T>): RecordsHandler<T> {
  return (records, { signal }) =>
    handler(records[0] as EventRecord<T>, { signal });
}

/** Processes messages, and counts them. */
export class EventProcessor<T, C extends HandlerContext = HandlerContext> {
  readonly #options: EventProcessorOptions;
  readonly #reader: MessageReader<T>;
  readonly #handler: RecordsHandler<T, C>;
  #consumed = 0;

  constructor(
    deserializer: Pick<EventDeserializer<T>, "decode">,
    handler: RecordsHandler<T, C>,
    options: EventProcessorOptions,
  ) {
    this.#reader = new MessageReader(deserializer, options);
    this.#handler = handler;
    this.#options = options;
  }

  get consumed(): number {
    return this.#consumed;
  }

  /** How many messages were processed so far, by outcome. */
  get counts(): MessageCounts {
    return { consumed: this.#consumed, ...this.#reader.counts };
  }

  /** Processes one message. False if a stop came before it was done. A promise only if there is something to wait for. */
  process(incoming: Incoming<C>): boolean | Promise<boolean> {
    const handle = (read: EventRecord<T> | boolean) =>
      typeof read === "boolean"
        ? read
        : this.#handle([{ incoming, record: read }], incoming.context);
    const read = this.#reader.read(incoming);
    return read instanceof Promise ? read.then(handle) : handle(read);
  }

  /** Processes messages of one partition together: those that can be read go to the handler at once. False if a stop came first. */
  async processTogether(
    messages: readonly Message[],
    from: Omit<Incoming<C>, "message">,
  ): Promise<boolean> {
    const batch: Read<T>[] = [];
    for (const message of messages) {
      const incoming = { ...from, message };
      const read = this.#reader.read(incoming);
      const record = read instanceof Promise ? await read : read;
      if (record === false) return false;
      if (record !== true) batch.push({ incoming, record });
    }
    return batch.length === 0 || await this.#handle(batch, from.context);
  }

  #handle(batch: readonly Read<T>[], context: C): true | Promise<boolean> {
    const records = batch.map(({ record }) => record);
    const processing = this.#options.telemetry?.processing(records);
    const handle = () => this.#handler(records, context);
    const call = processing ? () => processing.call(handle) : handle;
    const slow = () => this.#notifyOfSlowness(records);
    const startedAt = Date.now();
    let handled: void | PromiseLike<void>;
    try {
      handled = call();
    } catch (error) {
      handled = Promise.reject(error);
    }
    // The handler may have blocked the whole thread, heartbeats included.
    if (Date.now() - startedAt > this.#options.sessionTimeoutMs) slow();
    if (isThenable(handled)) {
      return this.#retry(handled, { batch, context, call, slow, processing });
    }
    this.#consumed += batch.length;
    processing?.ended();
    return true;
  }

  async #retry(first: PromiseLike<void>, handling: Handling<T, C>) {
    const { batch, context, call, slow, processing } = handling;
    const { signal } = context;
    const { handlerRetries, handlerBackoffMs, sessionTimeoutMs } =
      this.#options;
    let handled = first;
    for (let retries = 0, outages = 0;;) {
      let pauseMs: number;
      const timer = setTimeout(slow, sessionTimeoutMs);
      try {
        await handled;
        this.#consumed += batch.length;
        processing?.ended();
        return true;
      } catch (error) {
        if (error instanceof HandlerStop || signal.aborted) {
          processing?.ended(error);
          if (error instanceof HandlerStop) throw error;
          return false;
        }
        if (error instanceof OutageError) {
          pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** outages++, MAX_PAUSE_MS);
        } else if (
          // Bad data stays bad.
          retries === handlerRetries || error instanceof InvalidEventError
        ) {
          processing?.ended(error);
          return await this.#giveUp(error, handling);
        } else {
          pauseMs = Math.min(handlerBackoffMs * 2 ** retries++, MAX_BACKOFF_MS);
        }
        processing?.again(error);
      } finally {
        clearTimeout(timer);
      }
      await pause(pauseMs, signal);
      if (signal.aborted) return false;
      handled = Promise.try(call);
    }
  }

  /** Sets a message aside whose handler keeps failing. Of several, each is tried alone first. */
  async #giveUp(
    error: unknown,
    { batch, context }: Handling<T, C>,
  ): Promise<boolean> {
    for (const each of batch) {
      const done = batch.length > 1
        ? await this.#handle([each], context)
        : await this.#reader.setAside(each.incoming, {
          error,
          stage: "TASK_PUT",
        });
      if (!done) return false;
    }
    return true;
  }

  #notifyOfSlowness(records: readonly EventRecord<T>[]): void {
    const { sessionTimeoutMs, notify } = this.#options;
    const [first] = records as [EventRecord<T>];
    const what = records.length === 1
      ? placeOf(first)
      : `${records.length} events of ${first.topic} [${first.partition}]`;
    notify?.(
      `The handler takes longer than session.timeout.ms (${sessionTimeoutMs}) for ${what}: a rebalance may repeat its work.`,
    );
  }
}

/** An event, and the message that it was read from. */
interface Read<T> {
  readonly incoming: Incoming;
  readonly record: EventRecord<T>;
}

interface Handling<T, C> {
  readonly batch: readonly Read<T>[];
  readonly context: C;
  readonly call: () => void | PromiseLike<void>;
  /** Called if a call takes longer than the session timeout. */
  readonly slow: () => void;
  readonly processing: Processing | undefined;
}

function isThenable(value: unknown): value is PromiseLike<void> {
  return typeof value === "object" && value !== null && "then" in value &&
    typeof value.then === "function";
}
