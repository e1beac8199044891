/**
 * Processes the messages of a fetched batch together: those that can be read go to the handler at once.
 *
 * @module
 */

import type { EventRecord } from "../events/record.ts";
import type { Message } from "../kafka/message.ts";
import type { EventDeserializer } from "../registry/serializer.ts";
import {
  type BatchHandler,
  HandlerCaller,
  type HandlerEnd,
} from "./handler.ts";
import type { MessageProcessorOptions } from "./message_processor.ts";
import {
  type Incoming,
  type MessageCounts,
  MessageReader,
} from "./message_reader.ts";

/** An event, and the message that it was read from. */
interface Read<T> {
  readonly incoming: Incoming;
  readonly record: EventRecord<T>;
}

/** Processes batches, and counts their messages. */
export class BatchProcessor<T> {
  readonly #options: MessageProcessorOptions;
  readonly #reader: MessageReader<T>;
  readonly #handler: BatchHandler<T>;
  readonly #caller: HandlerCaller;
  #consumed = 0;

  /**
   * Makes a processor.
   *
   * @param deserializer Reads the messages' values.
   * @param handler Processes the events of a batch.
   * @param options The topic, the limits, and where dead letters go.
   */
  constructor(
    deserializer: Pick<EventDeserializer<T>, "decode">,
    handler: BatchHandler<T>,
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
   * Processes the messages of one partition.
   *
   * @param messages The messages, in the sequence of their offsets.
   * @param from The partition's number, and the signal of a stop.
   * @returns Whether all are done; false if a stop came first.
   * @throws {PipelineError} If the run has to end: the messages are not done.
   */
  async process(
    messages: readonly Message[],
    from: Omit<Incoming, "message">,
  ): Promise<boolean> {
    const batch: Read<T>[] = [];
    for (const message of messages) {
      const incoming = { ...from, message };
      const read = this.#reader.read(incoming);
      const result = read instanceof Promise ? await read : read;
      if (result === false) return false;
      if (result !== true) batch.push({ incoming, record: result });
    }
    if (batch.length === 0) return true;
    const end = await this.#call(batch);
    if (!end) return true;
    if ("stopped" in end) return false;
    for (const each of batch) {
      const failed = batch.length === 1 ? end : await this.#call([each]);
      if (!failed) continue;
      if ("stopped" in failed) return false;
      const reason = { error: failed.error, stage: "TASK_PUT" } as const;
      if (!await this.#reader.setAside(each.incoming, reason)) return false;
    }
    return true;
  }

  async #call(batch: readonly Read<T>[]): Promise<HandlerEnd | undefined> {
    const { topic, sessionTimeoutMs, notify } = this.#options;
    const [{ incoming: { partition, signal } }] = batch as [Read<T>];
    const records = batch.map(({ record }) => record);
    const end = await this.#caller.call({
      call: () => this.#handler({ topic, partition, records }, { signal }),
      slow: () =>
        notify?.(
          `The handler takes longer than session.timeout.ms (${sessionTimeoutMs}) for ${records.length} events of ${topic} [${partition}]: a rebalance may deliver them again.`,
        ),
      signal,
    });
    if (!end) this.#consumed += records.length;
    return end;
  }
}
