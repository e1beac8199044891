/**
 * The pipeline without a broker or a registry: for unit tests of a handler.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { InvalidEventError, messageOf } from "../base/errors.ts";
import type { EventType } from "../events/event_type.ts";
import { frame, type SchemaId } from "../events/wire_format.ts";
import type { Message } from "../kafka/message.ts";
import { EventDeserializer } from "../registry/serializer.ts";
import { EventProcessor, oneByOne } from "./event_processor.ts";
import type { EventHandler } from "./handler.ts";

/** An input that did not get through. */
export interface Rejected {
  /** The input. */
  readonly input: unknown;
  /** What rejected it: the producer's check, reading the message, or the handler. */
  readonly by: "producer" | "reader" | "handler";
  /** Why. */
  readonly reason: string;
}

/** What became of the inputs. */
export interface TestResult<T> {
  /** The events that the handler has processed, in the sequence of the inputs. */
  readonly events: readonly T[];
  /** The inputs that did not get through. Behind a real broker, those that the producer did not reject are dead letters. */
  readonly rejected: readonly Rejected[];
}

/** How the handler is retried. */
export interface TestOptions {
  /** How many times a handler that throws is called again before its event counts as failed. By default: `3`. */
  readonly handlerRetries?: number;
  /** Aborted to stop early. */
  readonly signal?: AbortSignal;
}

/** The id of the schema that the events are written by. */
const SCHEMA_ID = 1;
/** Longer than any test. */
const SESSION_TIMEOUT_MS = 3_600_000;

/**
 * Runs inputs through the pipeline: the producer's check, the wire format, the reader's checks, the handler with its retries, and
 * dead letters. Everything is as it is with a broker, except that a retry doesn't wait.
 *
 * @example
 * ```ts
 * import { testPipeline } from "./test_pipeline.ts";
 * import { loyaltyScans } from "../events/loyalty_scan.ts";
 *
 * const scan = loyaltyScans.generate!({ seed: 1 }).next().value;
 * const { events, rejected } = await testPipeline(
 *   loyaltyScans,
 *   ({ event }) => console.log(event.points),
 *   [scan, { ...scan, points: 0 }],
 * );
 * console.log(events.length, rejected.length); // 1 1
 * ```
 *
 * @param type The kind of event.
 * @param handler The handler.
 * @param inputs What is produced: events, valid or not. Bytes stand for a message's whole value, written by another program.
 * @param options How the handler is retried.
 * @returns What became of the inputs.
 * @throws {HandlerStop} If the handler threw it.
 */
export async function testPipeline<T>(
  type: EventType<T>,
  handler: EventHandler<T>,
  inputs: Iterable<unknown> | AsyncIterable<unknown>,
  options: TestOptions = {},
): Promise<TestResult<T>> {
  const { handlerRetries = 3, signal = new AbortController().signal } = options;
  const { topic } = type;
  const events: T[] = [];
  const rejected: Rejected[] = [];
  const schema = {
    length: type.schemaText.length,
    text: type.schemaText,
    check: (value: unknown) => void type.checkBySchema(value),
  };
  const schemas = {
    cached: (id: SchemaId) => id === SCHEMA_ID ? schema : undefined,
    fetched: (id: SchemaId) =>
      Promise.reject(
        new InvalidEventError(`The registry has no schema with the id ${id}`),
      ),
  };
  let input: unknown;
  const processor = new EventProcessor(
    new EventDeserializer(schemas, type),
    oneByOne(async (record, context) => {
      await handler(record, context);
      events.push(record.event);
    }),
    {
      topic,
      handlerRetries,
      handlerBackoffMs: 0,
      sessionTimeoutMs: SESSION_TIMEOUT_MS,
      deadLetters: {
        send: (_, { error, stage, origin }) => {
          const by = stage === "TASK_PUT" ? "handler" : "reader";
          rejected.push({ input, by, reason: messageOf(error) });
          return Promise.resolve({ ...origin, topic: `${topic}.dlq` });
        },
      },
    },
  );
  let offset = 0;
  for await (input of inputs) {
    let message: Message;
    try {
      message = messageFor(type, input, offset++);
    } catch (error) {
      if (!(error instanceof InvalidEventError)) throw error;
      rejected.push({ input, by: "producer", reason: error.message });
      continue;
    }
    const done = await processor.process({
      partition: 0,
      message,
      context: { signal },
    });
    if (!done) break;
  }
  return { events, rejected };
}

function messageFor<T>(
  type: EventType<T>,
  input: unknown,
  offset: number,
): Message {
  const message = {
    offset: String(offset),
    timestamp: Date.now(),
    headers: [],
  };
  if (input instanceof Uint8Array) {
    return { ...message, key: null, value: input };
  }
  const event = type.check(input);
  const key = type.key(event);
  return {
    ...message,
    key: key === null ? null : Buffer.from(key),
    value: frame(SCHEMA_ID, JSON.stringify(event)),
  };
}
