/**
 * Producing as another program does, on a real Kafka with a real registry: awaited sends, and sources of events.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { InvalidEventError, PipelineError } from "../../lib/base/errors.ts";
import { consume } from "../../lib/consume/consume.ts";
import { defineEvent } from "../../lib/events/event_type.ts";
import type { EventRecord } from "../../lib/events/record.ts";
import { EventProducer } from "../../lib/produce/event_producer.ts";
import { produce } from "../../lib/produce/produce.ts";
import { type Bench, integrationTest } from "../support/integration.ts";
import { makeTopic } from "../support/topics.ts";
import { PATIENCE_MS } from "../support/patience.ts";

const visits = defineEvent({
  name: "visit",
  topic: "visits",
  schema: {
    type: "object",
    properties: { id: { type: "string" }, party: { type: "integer" } },
    required: ["id", "party"],
    additionalProperties: false,
  },
  key: ({ id }) => id,
  validate: ({ party }) => party > 0 ? undefined : "party must be positive",
});

type Visit = ReturnType<typeof visits.check>;

/** A record with its headers' values as text. */
function readable<T>({ headers, ...rest }: EventRecord<T>) {
  return {
    ...rest,
    headers: headers.map(([name, value]) => [
      name,
      value && new TextDecoder().decode(value),
    ]),
  };
}

/** Reads a topic's events. */
async function read({ config, topic, group }: Bench, count: number) {
  const found: EventRecord<Visit>[] = [];
  await consume(visits, (record) => void found.push(record), {
    config,
    topic,
    group,
    count,
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  return found.map(readable);
}

integrationTest(
  "EventProducer.send() resolves with the place of the event, and rejects an invalid one without sending it",
  async (bench) => {
    const { config, topic } = bench;
    await makeTopic(bench, 1);
    await using producer = await EventProducer.connect(visits, {
      config,
      topic,
    });
    const before = Date.now();
    const visit = { id: "v1", party: 2 };
    const first = await producer.send(visit, { headers: [["trace", "1"]] });
    assertEquals({ ...readable(first), timestamp: 0 }, {
      topic,
      partition: 0,
      offset: "0",
      timestamp: 0,
      key: "v1",
      headers: [["trace", "1"]],
      event: visit,
    });
    assert(first.timestamp >= before && first.timestamp <= Date.now());
    for (
      const [value, message] of [
        [{ id: "v2" }, "must have required property 'party'"],
        [{ id: "v2", party: 2, table: 7 }, "additional properties"],
        [{ id: "v2", party: 0 }, "party must be positive"],
        [null, "must be object"],
      ] as const
    ) {
      await assertRejects(
        () => producer.send(value as Visit),
        InvalidEventError,
        message,
      );
    }
    // Sent without awaiting, they share requests and keep their sequence.
    const sent = await Promise.all(
      Array.from(
        { length: 100 },
        (_, n) => producer.send({ id: "v3", party: n + 1 }),
      ),
    );
    assertEquals(
      sent.map(({ offset }) => Number(offset)),
      Array.from({ length: 100 }, (_, n) => n + 1),
    );
    const records = await read(bench, 101);
    assertEquals(records[0]?.headers, [["trace", "1"]]);
    assertEquals(
      records.map(({ event }) => event),
      [visit, ...sent.map(({ event }) => event)],
    );
  },
);

integrationTest(
  "EventProducer.send() says so when the producer is closed, which may be closed again",
  async (bench) => {
    const { config, topic } = bench;
    await makeTopic(bench, 1);
    const producer = await EventProducer.connect(visits, { config, topic });
    await producer.close();
    await producer.close();
    await assertRejects(
      () => producer.send({ id: "v1", party: 2 }),
      TypeError,
      "The producer is closed",
    );
  },
);

integrationTest(
  "EventProducer.connect() rejects if the topic doesn't exist",
  async ({ config, topic }) => {
    await assertRejects(
      () => EventProducer.connect(visits, { config, topic }),
      PipelineError,
      `Topic '${topic}' does not exist`,
    );
  },
);

integrationTest(
  "produce() sends plain events and events with headers, of any iterable",
  async (bench) => {
    const { config, topic } = bench;
    await makeTopic(bench, 1);
    const options = { config, topic };
    assertEquals(
      await produce(visits, [
        { id: "v1", party: 1 },
        {
          event: { id: "v2", party: 2 },
          headers: [["a", "1"], ["b", null], ["c", new Uint8Array([0x63])]],
        },
      ], options),
      { delivered: 2, failed: 0, invalid: 0, complete: true },
    );
    async function* source() {
      yield { id: "v3", party: 3 };
      await Promise.resolve();
      yield { event: { id: "v4", party: 4 } };
    }
    await produce(visits, source(), options);
    await produce(visits, new Set([{ id: "v5", party: 5 }]), options);
    assertEquals(
      (await read(bench, 5)).map(({ event, headers }) => [event.id, headers]),
      [
        ["v1", []],
        ["v2", [["a", "1"], ["b", null], ["c", "c"]]],
        ["v3", []],
        ["v4", []],
        ["v5", []],
      ],
    );
  },
);

integrationTest(
  "produce() takes an object with a field `event` as it is if the schema has such a field",
  async ({ config, topic }) => {
    const logs = defineEvent({
      name: "log",
      topic: "logs",
      schema: {
        type: "object",
        properties: { event: { type: "string" } },
        required: ["event"],
      },
      key: () => null,
    });
    await makeTopic({ config, topic, group: "" }, 1);
    const records: unknown[] = [];
    await produce(logs, [{ event: "login" }], {
      config,
      topic,
      observer: { delivered: ({ event }) => records.push(event) },
    });
    assertEquals(records, [{ event: "login" }]);
  },
);

integrationTest(
  "produce() sends all that is valid, then throws with the first problem, unless an observer gets it",
  async (bench) => {
    const { config, topic } = bench;
    await makeTopic(bench, 1);
    const source = [
      { id: "v1", party: 0 },
      { id: "v2", party: 2 },
      { id: "v3" } as Visit,
    ];
    const error = await assertRejects(
      () => produce(visits, source, { config, topic }),
      PipelineError,
    );
    assertEquals(
      error.message,
      "Not delivered: 2 of 3 events. The first: Not a valid visit: party must be positive",
    );
    assert(error.cause instanceof InvalidEventError);
    const invalid: unknown[] = [];
    assertEquals(
      await produce(visits, source, {
        config,
        topic,
        observer: { invalid: (number) => invalid.push(number) },
      }),
      { delivered: 1, failed: 0, invalid: 2, complete: true },
    );
    assertEquals(invalid, [1, 3]);
    assertEquals((await read(bench, 2)).map(({ event }) => event.id), [
      "v2",
      "v2",
    ]);
  },
);

integrationTest(
  "produce() stops while its source waits, and asks the source to close",
  async (bench) => {
    const { config, topic } = bench;
    await makeTopic(bench, 1);
    const stop = new AbortController();
    async function* source() {
      yield { id: "v1", party: 1 };
      await new Promise(() => {});
    }
    const iterator = source();
    const returned = Promise.withResolvers<void>();
    const summary = await produce(visits, {
      [Symbol.asyncIterator]: () => ({
        next: () => iterator.next(),
        return: () => {
          returned.resolve();
          // A generator can't be closed while it waits.
          return new Promise<never>(() => {});
        },
      }),
    }, {
      config,
      topic,
      signal: stop.signal,
      observer: { delivered: () => stop.abort() },
    });
    assertEquals(summary, {
      delivered: 1,
      failed: 0,
      invalid: 0,
      complete: false,
    });
    await returned.promise;
  },
);
