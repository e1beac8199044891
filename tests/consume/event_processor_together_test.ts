/**
 * What becomes of the messages of a batch: handled together, tried again, then one by one, kept, or the end of the run. Reading
 * them is given here; the other tests read from a real Kafka with a real registry.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { assertEquals, assertRejects } from "@std/assert";
import {
  HandlerStop,
  InvalidEventError,
  PipelineError,
} from "../../lib/base/errors.ts";
import {
  EventProcessor,
  type EventProcessorOptions,
  type RecordsHandler,
} from "../../lib/consume/event_processor.ts";
import type { DeadLetterQueue } from "../../lib/consume/dead_letters/dead_letter_queue.ts";
import type { Message } from "../../lib/kafka/message.ts";
import { FakeClock } from "../support/fake_clock.ts";

/** A message whose value is its event; `!` can't be read, null is a tombstone. */
function messages(...values: (string | null)[]): Message[] {
  return values.map((value, n) => ({
    key: null,
    value: value === null ? null : Buffer.from(value),
    timestamp: 0,
    offset: String(n),
    headers: [],
  }));
}

/** A processor, the batches that its handler got, and the offsets of what it kept. */
function bench(
  handler: RecordsHandler<string>,
  options: Partial<EventProcessorOptions> = {},
) {
  const batches: string[][] = [];
  const kept: [offset: string, stage: string, error: unknown][] = [];
  const queue: Pick<DeadLetterQueue, "send"> = {
    send({ offset }, { error, stage }) {
      kept.push([offset, stage, error]);
      return Promise.resolve({ topic: "demo.dlq", partition: 0, offset });
    },
  };
  const processor = new EventProcessor<string>(
    {
      decode(value) {
        const text = value.toString();
        if (text === "!") throw new InvalidEventError("The value is truncated");
        return text;
      },
    },
    (records, context) => {
      batches.push(records.map(({ event }) => event));
      return handler(records, context);
    },
    {
      topic: "demo",
      handlerRetries: 1,
      handlerBackoffMs: 1,
      sessionTimeoutMs: 10_000,
      deadLetters: queue,
      ...options,
    },
  );
  const stop = new AbortController();
  const process = (...values: (string | null)[]) =>
    processor.processTogether(messages(...values), {
      partition: 1,
      context: { signal: stop.signal },
    });
  return { processor, process, stop, batches, kept };
}

const FULL = new Error("The store is full");

/** Fails for each batch that has the event. */
function failingFor(
  event: string,
  error: Error = FULL,
): RecordsHandler<string> {
  return (records) => {
    if (records.some((record) => record.event === event)) throw error;
  };
}

Deno.test("processTogether() hands a partition's events to the handler together, with their places and the signal", async () => {
  const seen: unknown[] = [];
  const b = bench((records, context) => {
    seen.push(records, context.signal === b.stop.signal);
  });
  assertEquals(await b.process("a", "b"), true);
  const record = { topic: "demo", partition: 1, timestamp: 0, key: null };
  assertEquals(seen, [[
    { ...record, offset: "0", headers: [], event: "a" },
    { ...record, offset: "1", headers: [], event: "b" },
  ], true]);
  assertEquals(b.processor.counts, {
    consumed: 2,
    deadLetters: 0,
    tombstones: 0,
  });
});

Deno.test("processTogether() sets aside what can't be read, leaves out tombstones, and calls no handler for an empty batch", async () => {
  const b = bench(() => {});
  assertEquals(await b.process("a", "!", null, "b"), true);
  assertEquals(b.batches, [["a", "b"]]);
  assertEquals(b.kept.map(([offset, stage]) => [offset, stage]), [
    ["1", "VALUE_CONVERTER"],
  ]);
  assertEquals(await b.process("!", null), true);
  assertEquals(await b.process(), true);
  assertEquals(b.batches.length, 1);
  assertEquals(b.processor.counts, {
    consumed: 2,
    deadLetters: 2,
    tombstones: 2,
  });
});

Deno.test("processTogether() tries a batch again, then each event by itself, and sets aside the one that keeps failing", async () => {
  const b = bench(failingFor("bad"));
  assertEquals(await b.process("a", "bad", "c"), true);
  assertEquals(b.batches, [
    ["a", "bad", "c"],
    ["a", "bad", "c"],
    ["a"],
    ["bad"],
    ["bad"],
    ["c"],
  ]);
  assertEquals(b.kept, [["1", "TASK_PUT", FULL]]);
  assertEquals(b.processor.counts, {
    consumed: 2,
    deadLetters: 1,
    tombstones: 0,
  });
});

Deno.test("processTogether() takes a batch apart at once when the handler throws an InvalidEventError, and tries one event no further", async () => {
  const error = new InvalidEventError("No such drink");
  const b = bench(failingFor("bad", error));
  assertEquals(await b.process("a", "bad"), true);
  assertEquals(b.batches, [["a", "bad"], ["a"], ["bad"]]);
  assertEquals(await b.process("bad"), true);
  assertEquals(b.batches.length, 4);
  assertEquals(b.kept.map(([offset]) => offset), ["1", "0"]);
});

Deno.test("processTogether() keeps nothing of a batch that succeeds when tried again", async () => {
  let tries = 0;
  const b = bench(() => ++tries === 1 ? Promise.reject(FULL) : undefined);
  assertEquals(await b.process("a", "b"), true);
  assertEquals(b.batches, [["a", "b"], ["a", "b"]]);
  assertEquals({ kept: b.kept, consumed: b.processor.counts.consumed }, {
    kept: [],
    consumed: 2,
  });
});

Deno.test("processTogether() throws a HandlerStop, from a batch or from one event, and keeps nothing", async () => {
  const stop = new HandlerStop("Enough");
  const whole = bench(failingFor("a", stop));
  await assertRejects(() => whole.process("a", "b"), HandlerStop, "Enough");
  const single = bench((records) => {
    throw records.length > 1 ? FULL : stop;
  });
  await assertRejects(() => single.process("a", "b"), HandlerStop, "Enough");
  assertEquals([whole.kept, single.kept], [[], []]);
});

Deno.test("processTogether() is not done when a stop comes between two tries, of a batch or of one event", async () => {
  for (const size of [2, 1]) {
    const b = bench((records) => {
      if (records.length === size) b.stop.abort();
      throw FULL;
    });
    assertEquals(await b.process("a", "b"), false);
    assertEquals(b.kept, []);
    assertEquals(b.processor.counts.consumed, 0);
  }
});

Deno.test("processTogether() is not done when a stop comes before a letter is kept", async () => {
  const deadLetters: Pick<DeadLetterQueue, "send"> = {
    send: () => Promise.resolve(undefined),
  };
  const b = bench(failingFor("a"), { deadLetters });
  assertEquals(await b.process("a", "b"), false);
  assertEquals(await b.process("!", "b"), false);
  assertEquals(b.processor.counts.deadLetters, 0);
});

Deno.test("processTogether() names the event that failed when it is to stop at the first one", async () => {
  const b = bench(failingFor("bad"), { deadLetters: undefined });
  await assertRejects(
    () => b.process("a", "bad"),
    PipelineError,
    "Can't process message demo [1] offset=1: The store is full",
  );
  assertEquals(b.processor.counts.consumed, 1);
});

Deno.test("processTogether() warns of a handler that takes longer than the session, by the number of events", async () => {
  // However long the machine holds up the call itself, which is warned of too, it takes no time.
  using _clock = new FakeClock();
  const told: string[] = [];
  const warning = Promise.withResolvers<void>();
  const b = bench(() => warning.promise, {
    sessionTimeoutMs: 20,
    notify(line) {
      told.push(line);
      warning.resolve();
    },
  });
  assertEquals(await b.process("a", "b"), true);
  assertEquals(told, [
    "The handler takes longer than session.timeout.ms (20) for 2 events of demo [1]: a rebalance may repeat its work.",
  ]);
});
