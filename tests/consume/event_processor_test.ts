/**
 * What becomes of one message: handled, tried again, kept, or the end of the run. Reading it is given here; the other tests
 * read from a real Kafka with a real registry.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import type { Message } from "../../lib/kafka/message.ts";
import type { Order } from "../../lib/events/order.ts";
import type { DeadLetterReason } from "../../lib/consume/dead_letters/dead_letter.ts";
import type { DeadLetterQueue } from "../../lib/consume/dead_letters/dead_letter_queue.ts";
import {
  HandlerStop,
  InvalidEventError,
  OutageError,
  PipelineError,
} from "../../lib/base/errors.ts";
import type { EventHandler } from "../../lib/consume/handler.ts";
import {
  EventProcessor,
  type EventProcessorOptions,
  oneByOne,
} from "../../lib/consume/event_processor.ts";
import { pause } from "../../lib/base/pause.ts";
import type { SetAside } from "../../lib/consume/message_reader.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { makeOrder } from "../support/topics.ts";

const ORDER = makeOrder();
const LETTER = { topic: "demo.dlq", partition: 1, offset: "70" };
const ORIGIN = { topic: "demo", partition: 1, offset: "6" };
const BACKOFF_MS = 20;

function message(
  value: Buffer | null = Buffer.from("order"),
  key: string | null = "charlie_davis",
): Message {
  return {
    key: key === null ? null : Buffer.from(key),
    value,
    timestamp: 1_770_085_015_763,
    offset: ORIGIN.offset,
    headers: [],
  };
}

type Decode = () => Order | Promise<Order>;

/** A processor, and everything that it tells and keeps. */
function bench(
  handler: EventHandler<Order>,
  options: Partial<EventProcessorOptions> & { readonly decode?: Decode } = {},
) {
  const { decode = () => ORDER, ...rest } = options;
  const kept: (readonly [Message, DeadLetterReason])[] = [];
  const setAside: SetAside[] = [];
  const tombstones: unknown[] = [];
  const told: string[] = [];
  const queue: Pick<DeadLetterQueue, "send"> = {
    send(letter, { signal: _, ...reason }) {
      kept.push([letter, reason]);
      return Promise.resolve(LETTER);
    },
  };
  const processor = new EventProcessor(
    { decode },
    oneByOne(handler),
    {
      topic: "demo",
      handlerRetries: 3,
      handlerBackoffMs: BACKOFF_MS,
      sessionTimeoutMs: 10_000,
      deadLetters: queue,
      setAside: (one) => setAside.push(one),
      tombstone: (position, key) => tombstones.push([position, key]),
      notify: (line) => told.push(line),
      ...rest,
    },
  );
  const stop = new AbortController();
  const process = (one = message()) =>
    processor.process({
      partition: 1,
      message: one,
      context: { signal: stop.signal },
    });
  return { processor, process, stop, kept, setAside, tombstones, told };
}

Deno.test("process() hands an order to the handler, and waits for nothing where the handler doesn't", () => {
  const handled: unknown[] = [];
  const b = bench((record) => void handled.push(record));
  assertStrictEquals(b.process(), true);
  assertEquals(handled, [{
    ...ORIGIN,
    timestamp: 1_770_085_015_763,
    key: "charlie_davis",
    headers: [],
    event: ORDER,
  }]);
  assertEquals(b.processor.counts, {
    consumed: 1,
    deadLetters: 0,
    tombstones: 0,
  });
});

Deno.test("process() counts an order only when the handler's promise has resolved", async () => {
  const handled = Promise.withResolvers<void>();
  const b = bench(() => handled.promise);
  const done = b.process();
  assertInstanceOf(done, Promise);
  assertEquals(b.processor.counts.consumed, 0);
  handled.resolve();
  assertEquals(await done, true);
  assertEquals(b.processor.counts.consumed, 1);
});

Deno.test("process() passes on a message without a value, with its key, and hands it to no handler", () => {
  const b = bench(() => {
    throw new Error("A tombstone is no order");
  });
  assertEquals(b.process(message(null)), true);
  assertEquals(b.process(message(null, null)), true);
  assertEquals(b.tombstones, [[ORIGIN, "charlie_davis"], [ORIGIN, null]]);
  assertEquals(b.processor.counts, {
    consumed: 0,
    deadLetters: 0,
    tombstones: 2,
  });
  assertEquals(b.kept, []);
});

Deno.test("process() gives the handler the message's headers, and the signal of a stop", () => {
  const headers: Message["headers"] = [
    ["trace", Buffer.from("1")],
    ["none", null],
    ["trace", Buffer.from("2")],
  ];
  const seen: unknown[] = [];
  const b = bench((record, { signal }) => {
    seen.push(record.headers, signal === b.stop.signal);
  });
  assertEquals(b.process({ ...message(), headers }), true);
  assertEquals(seen, [headers, true]);
});

Deno.test("process() waits for whatever has a then(), and tries again when that rejects", async () => {
  let tries = 0;
  const b = bench((): PromiseLike<void> => ({
    then(...callbacks) {
      const outcome = ++tries === 1
        ? Promise.reject<void>(new Error("Not yet"))
        : Promise.resolve();
      return outcome.then(...callbacks);
    },
  }));
  const done = b.process();
  assertInstanceOf(done, Promise);
  assertEquals(b.processor.counts.consumed, 0);
  assertEquals(await done, true);
  assertEquals({ tries, kept: b.kept, ...b.processor.counts }, {
    tries: 2,
    kept: [],
    consumed: 1,
    deadLetters: 0,
    tombstones: 0,
  });
});

for (const way of ["throws", "rejects"] as const) {
  Deno.test(`process() tries a handler that ${way} again with growing pauses, then keeps its order`, async () => {
    const at: number[] = [];
    const error = new Error("The store is full");
    const b = bench(() => {
      at.push(performance.now());
      if (way === "throws") throw error;
      return Promise.reject(error);
    });
    const one = message();
    assertEquals(await b.process(one), true);
    assertEquals(at.length, 1 + 3);
    const pauses = at.slice(1).map((time, i) => time - (at[i] ?? 0));
    for (const [i, pause] of pauses.entries()) {
      assert(pause > BACKOFF_MS * 2 ** i - 2, `Pause ${i} took ${pause} ms`);
    }
    assertEquals(b.kept, [[one, { origin: ORIGIN, error, stage: "TASK_PUT" }]]);
    assertEquals(b.setAside, [{ ...ORIGIN, error, letter: LETTER }]);
    assertEquals(b.processor.counts, {
      consumed: 0,
      deadLetters: 1,
      tombstones: 0,
    });
  });
}

Deno.test("process() keeps nothing of an order whose handler succeeds when tried again", async () => {
  let tries = 0;
  const b = bench(() => {
    if (++tries < 3) throw new TypeError("Not yet");
  });
  assertEquals(await b.process(), true);
  assertEquals({ tries, kept: b.kept, ...b.processor.counts }, {
    tries: 3,
    kept: [],
    consumed: 1,
    deadLetters: 0,
    tombstones: 0,
  });
});

Deno.test("process() tries a handler once where there are no retries", async () => {
  let tries = 0;
  const b = bench(() => {
    tries++;
    throw new Error("no");
  }, { handlerRetries: 0 });
  assertEquals(await b.process(), true);
  assertEquals({ tries, kept: b.kept.length }, { tries: 1, kept: 1 });
});

Deno.test("process() does not try again what the handler calls bad data", async () => {
  let tries = 0;
  const b = bench(() => {
    tries++;
    throw new InvalidEventError("No such drink");
  });
  assertEquals(await b.process(), true);
  assertEquals(tries, 1);
  assertEquals(b.kept[0]?.[1].stage, "TASK_PUT");
});

Deno.test("process() throws a HandlerStop on, and keeps nothing", async () => {
  for (
    const handler of [
      () => {
        throw new HandlerStop("Enough");
      },
      () => Promise.reject(new HandlerStop("Enough")),
    ]
  ) {
    const b = bench(handler);
    await assertRejects(async () => await b.process(), HandlerStop, "Enough");
    assertEquals({ kept: b.kept, ...b.processor.counts }, {
      kept: [],
      consumed: 0,
      deadLetters: 0,
      tombstones: 0,
    });
  }
});

Deno.test("process() is not done when a stop comes between two tries", async () => {
  let tries = 0;
  const b = bench(() => {
    tries++;
    throw new Error("no");
  }, { handlerBackoffMs: 60_000 });
  const done = b.process();
  b.stop.abort();
  assertEquals(await done, false);
  assertEquals({ tries, kept: b.kept }, { tries: 1, kept: [] });
});

Deno.test("process() is not done when a stop comes before its letter is kept", async () => {
  const queue: Pick<DeadLetterQueue, "send"> = {
    send: () => Promise.resolve(undefined),
  };
  const b = bench(() => {}, {
    decode: () => {
      throw new InvalidEventError("truncated");
    },
    deadLetters: queue,
  });
  assertEquals(await b.process(), false);
  assertEquals(b.setAside, []);
  assertEquals(b.processor.counts.deadLetters, 0);
});

Deno.test("process() throws what keeping a letter throws: its offset must not be committed", async () => {
  const queue: Pick<DeadLetterQueue, "send"> = {
    send: () => Promise.reject(new PipelineError("Kafka refuses")),
  };
  const b = bench(() => {}, {
    decode: () => {
      throw new InvalidEventError("truncated");
    },
    deadLetters: queue,
  });
  await assertRejects(
    async () => await b.process(),
    PipelineError,
    "Kafka refuses",
  );
  assertEquals(b.processor.counts.deadLetters, 0);
});

Deno.test("process() keeps what can't be read without trying again, whether that shows at once or later", async () => {
  const error = new InvalidEventError("The payload is not JSON");
  for (
    const fails of [
      () => {
        throw error;
      },
      () => Promise.reject(error),
    ]
  ) {
    let reads = 0;
    const b = bench(() => {}, {
      decode: () => {
        reads++;
        return fails();
      },
    });
    const one = message(Buffer.alloc(0), null);
    assertEquals(await b.process(one), true);
    assertEquals(reads, 1);
    assertEquals(b.kept, [[one, {
      origin: ORIGIN,
      error,
      stage: "VALUE_CONVERTER",
    }]]);
  }
});

Deno.test("process() throws what is no fault of the message when it is read, and keeps nothing", async () => {
  const refusal = new PipelineError("The registry refuses the login");
  const later = bench(() => {}, { decode: () => Promise.reject(refusal) });
  await assertRejects(
    async () => await later.process(),
    PipelineError,
    "refuses the login",
  );
  assertEquals(later.kept, []);
  const defect = bench(() => {}, {
    decode: () => {
      throw new TypeError("a defect");
    },
  });
  await assertRejects(
    async () => await defect.process(),
    TypeError,
    "a defect",
  );
  assertEquals(defect.kept, []);
});

Deno.test("process() waits out an outage of the registry, says so once, and then handles the order", async () => {
  let reads = 0;
  const b = bench(() => {}, {
    decode: () =>
      ++reads < 4
        ? Promise.reject(new OutageError("The registry can't be reached"))
        : Promise.resolve(ORDER),
  });
  assertEquals(await b.process(), true);
  assertEquals(b.told, [
    "The registry can't be reached. Waiting for it...",
    "No longer waiting for the Schema Registry.",
  ]);
  assertEquals(b.processor.counts, {
    consumed: 1,
    deadLetters: 0,
    tombstones: 0,
  });
});

Deno.test("process() is not done when a stop comes in an outage of the registry", async () => {
  const b = bench(() => {}, {
    decode: () => Promise.reject(new OutageError("away")),
    notify: () => b.stop.abort(),
  });
  assertEquals(await b.process(), false);
  assertEquals({ kept: b.kept, ...b.processor.counts }, {
    kept: [],
    consumed: 0,
    deadLetters: 0,
    tombstones: 0,
  });
});

Deno.test("process() waits out what the handler calls an outage, however often, and keeps nothing", async () => {
  let calls = 0;
  const b = bench(() => {
    if (++calls < 4) throw new OutageError("The database is away");
  }, { handlerRetries: 0 });
  assertEquals(await b.process(), true);
  assertEquals({ calls, kept: b.kept }, { calls: 4, kept: [] });
  const stopped = bench(() => {
    stopped.stop.abort();
    throw new OutageError("The database is away");
  });
  assertEquals(await stopped.process(), false);
  assertEquals(stopped.kept, []);
});

Deno.test("process() names the message and its cause when it is to stop at the first one that fails", async () => {
  const unread = bench(() => {}, {
    decode: () => {
      throw new InvalidEventError("The payload is not JSON");
    },
    deadLetters: undefined,
  });
  const read = await assertRejects(
    async () => await unread.process(),
    PipelineError,
    "Can't read message demo [1] offset=6: The payload is not JSON",
  );
  assertEquals(read.code, "message-rejected");
  const failing = bench(() => Promise.reject(new Error("disk full")), {
    deadLetters: undefined,
    handlerRetries: 0,
  });
  await assertRejects(
    async () => await failing.process(),
    PipelineError,
    "Can't process message demo [1] offset=6: disk full",
  );
});

Deno.test("process() warns of a handler that took longer than the session, by the setting's name", async () => {
  // However long the machine holds up the call itself, which is warned of too, it takes no time.
  using _clock = new FakeClock();
  const told: string[] = [];
  const warning = Promise.withResolvers<void>();
  const warned = bench(() => warning.promise, {
    sessionTimeoutMs: 20,
    notify(line) {
      told.push(line);
      warning.resolve();
    },
  });
  assertEquals(await warned.process(), true);
  assertEquals(told.length, 1);
  assertMatch(
    told[0] ?? "",
    /^The handler takes longer than session\.timeout\.ms \(20\) for demo \[1\] offset=6: /,
  );
  const quiet = bench(() => pause(30));
  assertEquals(await quiet.process(), true);
  assertEquals(quiet.told, []);
});

Deno.test("process() lets an observer's error through: an output that is closed ends the run", () => {
  const b = bench(() => {}, {
    tombstone: () => {
      throw new PipelineError("closed");
    },
  });
  assertThrows(() => b.process(message(null)), PipelineError, "closed");
});
