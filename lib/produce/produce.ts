/**
 * Sends a source of events to a topic, to its end or to a stop, and accounts for every one of them.
 *
 * @module
 */

import {
  InvalidEventError,
  PipelineError,
  StoppedError,
} from "../base/errors.ts";
import { counted } from "../base/plural.ts";
import type { EventType } from "../events/event_type.ts";
import type { EventRecord } from "../events/record.ts";
import type { RejectsFile } from "./rejects.ts";
import type { ResumePoint } from "./resume_point.ts";
import { untilAborted } from "./sources/until_aborted.ts";
import {
  connectSender,
  type Delivery,
  type EventSender,
  type ProducerOptions,
} from "./sender.ts";
import type { SendOptions, SourceItem } from "./sources/source.ts";

/** Observes a run, event by event. */
export interface ProduceObserver<T> {
  /** Called before an event is sent; `number` counts the events of the run from 1. */
  readonly sending?: (number: number, event: T) => void;
  /** Called when an event was acknowledged. */
  readonly delivered?: (record: EventRecord<T>) => void;
  /** Called when an event was given up. */
  readonly failed?: (event: T, error: Error) => void;
  /** Called when the source yields a value that isn't a valid event; `number` is the source's own: a line's, for a file. */
  readonly invalid?: (number: number, error: InvalidEventError) => void;
  /** Whether nothing can be observed any more: sending ends then. */
  readonly broken?: boolean;
  /** Called after each event: sending waits for the promise. */
  readonly ready?: () => Promise<void> | undefined;
  /** Called when the source has ended and what is under way has its outcome. */
  readonly flushing?: () => void;
}

/** The account of a run. */
export interface ProduceSummary {
  /** How many events were acknowledged. */
  readonly delivered: number;
  /** How many were sent and not acknowledged. */
  readonly failed: number;
  /** How many were not valid, and never sent. */
  readonly invalid: number;
  /** Whether the source was read to its end: a stop ends it before, and so does a failure after which nothing can be sent. */
  readonly complete: boolean;
}

/** How to send a source. */
export interface ProduceOptions<T> extends ProducerOptions {
  /** Observes the run. Without `failed` or `invalid`, such an event makes the run end in an error once all others are through. */
  readonly observer?: ProduceObserver<T>;
  /** Stops the run: no further event is taken, and what is under way has 8 s left. */
  readonly signal?: AbortSignal | undefined;
}

/** An event with what goes with it, as a source may yield it. */
export interface OutgoingRecord<T> extends SendOptions {
  /** The event. */
  readonly event: T;
}

/** What {@linkcode produce} takes: events, or events with what goes with them, from anything that can be iterated. */
export type EventSource<T> =
  | Iterable<T | OutgoingRecord<T>>
  | AsyncIterable<T | OutgoingRecord<T>>;

/** How long what is under way may take after a stop, in milliseconds. */
const STOP_TIMEOUT_MS = 8_000;

/**
 * Sends events until the source ends.
 *
 * @param type The kind of event.
 * @param source The events. An object with a field `event` is taken for an {@linkcode OutgoingRecord}, unless the schema has such a field.
 * @param options How to send, and the observer.
 * @returns The account. By then every event has its outcome.
 * @throws {PipelineError} If Kafka or the registry can't be reached at the start, the topic doesn't exist, or an event was not
 * delivered that no observer was notified of.
 */
export async function produce<T>(
  type: EventType<T>,
  source: EventSource<T>,
  options: ProduceOptions<T> = {},
): Promise<ProduceSummary> {
  const { observer = {} } = options;
  const problems: Error[] = [];
  const summary = await produceItems(
    type,
    itemsOf(type, source, options.signal),
    {
      ...options,
      observer: {
        failed: (_, error) => problems.push(error),
        invalid: (_, error) => problems.push(error),
        ...observer,
      },
    },
  );
  const [first] = problems;
  if (!first) return summary;
  throw new PipelineError(
    `Not delivered: ${problems.length} of ${
      counted(summary.delivered + summary.failed + summary.invalid, "event")
    }. The first: ${first.message}`,
    { cause: first },
  );
}

async function* itemsOf<T>(
  type: EventType<T>,
  source: EventSource<T>,
  signal: AbortSignal | undefined,
): AsyncGenerator<SourceItem, void, undefined> {
  const wraps = !type.fields.includes("event");
  let number = 0;
  for await (const each of untilAborted(source, signal)) {
    number++;
    if (
      wraps && typeof each === "object" && each !== null && "event" in each
    ) {
      const { event: value, key, timestamp, headers } = each;
      yield { number, value, key, timestamp, headers };
    } else {
      yield { number, value: each };
    }
  }
}

/**
 * Sends the items of a source until it ends.
 *
 * @param source The items. The source is closed in any case.
 * @param options How to send, or to check the items by the event type alone instead (`dryRun`); the observer; where it is kept how
 * far the source has been delivered, and where what is rejected.
 * @returns The account. By then every event has its outcome. What is only checked counts as neither delivered nor failed.
 * @throws {PipelineError} If Kafka or the registry can't be reached at the start, or the topic doesn't exist.
 */
export async function produceItems<T>(
  type: EventType<T>,
  source: AsyncIterable<SourceItem>,
  options: ProduceOptions<T> & {
    readonly dryRun?: boolean;
    readonly resume?: ResumePoint | undefined;
    readonly rejects?: RejectsFile | undefined;
  },
): Promise<ProduceSummary> {
  const { observer = {}, signal, resume, rejects, dryRun = false } = options;
  const account = { delivered: 0, failed: 0, invalid: 0, complete: false };
  const items = source[Symbol.asyncIterator]();
  let sender: EventSender<T>;
  try {
    sender = dryRun ? checkOnly(type) : await connectSender(type, options);
  } catch (error) {
    await items.return?.();
    await resume?.close();
    await rejects?.close();
    if (error instanceof StoppedError) return account;
    throw error;
  }
  /** What is done once an event has its outcome. */
  const deliveryOf = (item?: SourceItem): Delivery<T> => ({
    delivered(record) {
      account.delivered++;
      if (item) resume?.done(item.number);
      observer.delivered?.(record);
    },
    failed(event, error) {
      account.failed++;
      // What can never be delivered is done; the rest is sent by the next run.
      if (item && error instanceof InvalidEventError) {
        rejects?.add(item, error);
        resume?.done(item.number);
      }
      observer.failed?.(event, error);
    },
  });
  const shared = deliveryOf();
  let giveUp: ReturnType<typeof setTimeout> | undefined;
  const stop = () => {
    giveUp = setTimeout(
      () => sender.abandon("Kafka did not acknowledge it before the stop"),
      STOP_TIMEOUT_MS,
    );
  };
  const over = () => signal?.aborted || sender.stopped || observer.broken;
  signal?.addEventListener("abort", stop);
  try {
    let sent = 0;
    for await (const item of { [Symbol.asyncIterator]: () => items }) {
      const { number, value, problem, end, open } = item;
      if (over()) break;
      if (end !== undefined) resume?.begin(number, end);
      try {
        if (problem) throw problem;
        const delivery = resume || rejects ? deliveryOf(item) : shared;
        const event = sender.send(value, delivery, item);
        observer.sending?.(++sent, event);
      } catch (error) {
        if (!(error instanceof InvalidEventError)) throw error;
        account.invalid++;
        sender.invalid();
        // A line that is still being written is the next run's to read.
        if (!open || !resume) rejects?.add(item, error);
        if (!open) resume?.done(number);
        observer.invalid?.(number, error);
      }
      const room = sender.ready();
      if (room) await room;
      const shown = observer.ready?.();
      if (shown) await shown;
      if (over()) break;
    }
    // A source ends itself on a stop.
    account.complete = !over();
    await sender.flush();
    if (!dryRun) observer.flushing?.();
  } finally {
    try {
      await sender.close();
    } finally {
      clearTimeout(giveUp);
      signal?.removeEventListener("abort", stop);
      await resume?.close();
      await rejects?.close();
    }
  }
  return account;
}

/** Stands in for a sender, and sends nothing. */
function checkOnly<T>(type: EventType<T>): EventSender<T> {
  const nothing = () => Promise.resolve();
  return {
    send: (event) => type.check(event),
    invalid: () => {},
    stopped: false,
    ready: () => undefined,
    flush: nothing,
    close: nothing,
    abandon: () => {},
  };
}
