/**
 * The consumer with handlers of its own, as another program uses it, on a real Kafka with a real registry.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { createKafka, withAdmin } from "../support/kafkajs.ts";
import { HandlerStop, InvalidEventError } from "../../lib/base/errors.ts";
import { consume } from "../../lib/consume/consume.ts";
import type { ConsumerOptions } from "../../lib/consume/options.ts";
import { deadLetterTopic } from "../../lib/consume/dead_letters/dead_letter.ts";
import { listDeadLetters } from "../../lib/consume/dead_letters/dlq.ts";
import type { EventHandler } from "../../lib/consume/handler.ts";
import type { MessageCounts } from "../../lib/consume/message_reader.ts";
import { loadKafkajsFile } from "../../lib/kafka/patches/load.ts";
import { type Order, orders } from "../../lib/events/order.ts";
import type { EventRecord } from "../../lib/events/record.ts";
import { type Bench, integrationTest } from "../support/integration.ts";
import {
  committedOffsets,
  encodeOrders,
  makeOrder,
  makeTopic,
  sendRaw,
} from "../support/topics.ts";
import { eventually } from "../support/eventually.ts";
import { PATIENCE_MS } from "../support/patience.ts";

/** What of kafkajs a test changes, and takes. */
interface Patched<Name extends string> {
  readonly prototype: Record<Name, (request: unknown) => Promise<unknown>>;
}
interface KafkajsErrors {
  readonly KafkaJSOffsetOutOfRange: new (
    error: { readonly type: string; readonly code: number },
    place: { readonly topic: string; readonly partition: number },
  ) => Error;
}

/** Sends orders whose drinks are numbered from a start. */
async function sendOrders(
  bench: Bench,
  count: number,
  { partitions = [0], first = 0 }: {
    readonly partitions?: readonly number[];
    readonly first?: number;
  } = {},
): Promise<void> {
  const values = await encodeOrders(
    bench,
    Array.from(
      { length: count },
      (_, n) => makeOrder({ drink_name: `${first + n}` }),
    ),
  );
  await sendRaw(
    bench.config,
    bench.topic,
    values.flatMap((value) =>
      partitions.map((partition) => ({ partition, key: null, value }))
    ),
  );
}

/** A consumer under way. Disposing of it stops it. */
class Running implements AsyncDisposable {
  readonly told: string[] = [];
  readonly assignments: (readonly number[])[] = [];
  readonly handled: EventRecord<Order>[] = [];
  readonly #stop = new AbortController();
  readonly ended: Promise<MessageCounts>;

  constructor(
    bench: Bench,
    options: Partial<ConsumerOptions> & {
      readonly handler?: EventHandler<Order> | undefined;
    } = {},
  ) {
    const { handler, ...rest } = options;
    const late = setTimeout(() => this.#stop.abort(), PATIENCE_MS);
    this.ended = consume(orders, async (record, context) => {
      await handler?.(record, context);
      this.handled.push(record);
    }, {
      config: bench.config,
      topic: bench.topic,
      group: bench.group,
      notify: (line) => this.told.push(line),
      assigned: (partitions) => this.assignments.push(partitions),
      ...rest,
      signal: this.#stop.signal,
    }).finally(() => clearTimeout(late));
    this.ended.catch(() => {});
  }

  get places(): string[] {
    return this.handled.map(({ partition, offset }) =>
      `${partition}:${offset}`
    );
  }

  stop(): Promise<MessageCounts> {
    this.#stop.abort();
    return this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop().catch(() => {});
  }
}

integrationTest(
  "consume() tries a failing handler again with growing pauses, keeps its order, and commits past it",
  async (bench) => {
    await makeTopic(bench, 1);
    await sendOrders(bench, 4);
    const tries: Record<string, number[]> = {};
    const passed: string[] = [];
    await using consumer = new Running(bench, {
      count: 2,
      handlerRetries: 2,
      handlerBackoffMs: 50,
      setAside: ({ offset, letter }) =>
        passed.push(`${offset} in ${letter.topic}`),
      handler({ event: { drink_name } }) {
        (tries[drink_name] ??= []).push(performance.now());
        if (drink_name === "1") throw new Error("The store is full");
        if (drink_name === "2") throw new InvalidEventError("No such drink");
      },
    });
    assertEquals(await consumer.ended, {
      consumed: 2,
      deadLetters: 2,
      tombstones: 0,
    });
    assertEquals(
      Object.entries(tries).map(([name, { length }]) => [name, length]),
      [["0", 1], ["1", 3], ["2", 1], ["3", 1]],
    );
    const [first = 0, second = 0, third = 0] = tries["1"] ?? [];
    assert(second - first >= 48, `Paused ${second - first} ms`);
    assert(third - second >= 98, `Paused ${third - second} ms`);
    const letters = deadLetterTopic(bench.topic);
    assertEquals(passed, [`1 in ${letters}`, `2 in ${letters}`]);
    assertEquals(await committedOffsets(bench), { 0: 4 });
    const kept: unknown[] = [];
    await listDeadLetters(bench.config, ({ origin, stage, reason }) => {
      kept.push([origin?.offset, stage, reason]);
    }, { topic: bench.topic });
    assertEquals(kept, [
      ["1", "TASK_PUT", "The store is full"],
      ["2", "TASK_PUT", "No such drink"],
    ]);
  },
);

integrationTest(
  "consume() ends on a HandlerStop, and on a failing handler with onError stop, with that order not committed",
  async (bench) => {
    await makeTopic(bench, 1);
    await sendOrders(bench, 3);
    let thrown = 0;
    const failing = (error: Error) => (record: EventRecord<Order>) => {
      if (record.offset !== "1") return;
      thrown++;
      throw error;
    };
    await assertRejects(
      () =>
        new Running(bench, { handler: failing(new HandlerStop("Enough")) })
          .ended,
      HandlerStop,
      "Enough",
    );
    assertEquals(thrown, 1);
    assertEquals(await committedOffsets(bench), { 0: 1 });
    await assertRejects(
      () =>
        new Running(bench, {
          onError: "stop",
          handlerRetries: 1,
          handlerBackoffMs: 1,
          handler: failing(new Error("The store is full")),
        }).ended,
      Error,
      `Can't process message ${bench.topic} [0] offset=1: The store is full`,
    );
    assertEquals(thrown, 3);
    assertEquals(await committedOffsets(bench), { 0: 1 });
    await using rest = new Running(bench, { count: 2 });
    await rest.ended;
    assertEquals(rest.places, ["0:1", "0:2"]);
  },
);

integrationTest(
  "consume() stays in the group through a handler of 8 s with a session of 6 s, and warns by the setting's name",
  async (bench) => {
    await makeTopic(bench, 1);
    await sendOrders(bench, 3);
    await using consumer = new Running(bench, {
      count: 3,
      sessionTimeoutMs: 6_000,
      handler: ({ offset }) =>
        new Promise((resolve) =>
          setTimeout(resolve, offset === "1" ? 8_000 : 0)
        ),
    });
    assertEquals(await consumer.ended, {
      consumed: 3,
      deadLetters: 0,
      tombstones: 0,
    });
    assertEquals(consumer.places, ["0:0", "0:1", "0:2"]);
    assertEquals(consumer.assignments, [[0]]);
    assertEquals(consumer.told.length, 1);
    assertMatch(
      consumer.told[0] ?? "",
      /^The handler takes longer than session\.timeout\.ms \(6000\) for .* \[0\] offset=1: /,
    );
    assertEquals(await committedOffsets(bench), { 0: 3 });
  },
);

integrationTest(
  "consume() keeps each partition's order with slow handlers, ends at the very count, and goes on there",
  async (bench) => {
    await makeTopic(bench, 3);
    const partitions = [0, 1, 2];
    await sendOrders(bench, 10, { partitions });
    const seen: string[] = [];
    for (const count of [7, 23]) {
      let underWay = 0;
      await using consumer = new Running(bench, {
        count,
        async handler() {
          assertEquals(++underWay, 1, "Two at a time");
          await new Promise((resolve) => setTimeout(resolve, 2));
          underWay--;
        },
      });
      assertEquals(await consumer.ended, {
        consumed: count,
        deadLetters: 0,
        tombstones: 0,
      });
      assertEquals(consumer.handled.length, count);
      seen.push(...consumer.places);
    }
    for (const partition of partitions) {
      assertEquals(
        seen.filter((place) => place.startsWith(`${partition}:`)),
        Array.from({ length: 10 }, (_, n) => `${partition}:${n}`),
      );
    }
    assertEquals(await committedOffsets(bench), { 0: 10, 1: 10, 2: 10 });
  },
);

integrationTest(
  "consume() commits each message by itself at a low rate, and none before its handler is done",
  async (bench) => {
    await makeTopic(bench, 1);
    const gates = Array.from(
      { length: 5 },
      () => Promise.withResolvers<void>(),
    );
    const begun: number[] = [];
    await using consumer = new Running(bench, {
      count: gates.length,
      handler({ offset }) {
        begun.push(Number(offset));
        return gates[Number(offset)]?.promise;
      },
    });
    for (const [n, gate] of gates.entries()) {
      await sendOrders(bench, 1, { first: n });
      await eventually(`handler ${n}`, () => begun.includes(n));
      assertEquals((await committedOffsets(bench))[0] ?? 0, n);
      gate.resolve();
      await eventually(
        `commit of ${n + 1}`,
        async () => (await committedOffsets(bench))[0] === n + 1,
      );
    }
    await consumer.ended;
    assertEquals(begun, [0, 1, 2, 3, 4]);
  },
);

integrationTest(
  "consume() from latest loses nothing that came after `assigned`, though a second member joins before anything was read",
  async (bench) => {
    await makeTopic(bench, 2);
    const partitions = [0, 1];
    await sendOrders(bench, 3, { partitions });
    await using first = new Running(bench, { from: "latest" });
    await eventually(
      "the first assignment",
      () => first.assignments.length > 0,
    );
    assertEquals(first.assignments, [[0, 1]]);
    assertEquals(await committedOffsets(bench), { 0: 3, 1: 3 });
    await using second = new Running(bench, { from: "latest" });
    // While the group shares its partitions out anew.
    await sendOrders(bench, 2, { partitions, first: 3 });
    const both = () => [...first.places, ...second.places];
    await eventually("all four", () => new Set(both()).size >= 4);
    await eventually(
      "one partition each",
      () =>
        [first, second].every((one) => one.assignments.at(-1)?.length === 1),
    );
    await sendOrders(bench, 1, { partitions, first: 5 });
    await eventually("all six", () => new Set(both()).size >= 6);
    assertEquals(
      [...new Set(both())].sort(),
      ["0:3", "0:4", "0:5", "1:3", "1:4", "1:5"],
    );
    await first.stop();
    await second.stop();
    assertEquals(await committedOffsets(bench), { 0: 6, 1: 6 });
  },
);

integrationTest(
  "consume() says so when the group has members enough, and takes over when one leaves",
  async (bench) => {
    await makeTopic(bench, 1);
    await using first = new Running(bench);
    await eventually(
      "the first assignment",
      () => first.assignments.length > 0,
    );
    await using second = new Running(bench);
    const idle = () =>
      [first, second].filter(({ told }) =>
        told.includes(
          `This consumer has no partition of '${bench.topic}': the group has at least as many members as the topic has partitions.`,
        )
      );
    await eventually("a member without a partition", () => idle().length > 0);
    const [without] = idle();
    const other = without === first ? second : first;
    await other.stop();
    await sendOrders(bench, 1);
    await eventually("the order", () => without?.handled.length === 1);
    assertEquals(without?.places, ["0:0"]);
  },
);

integrationTest(
  "consume() names the offsets that retention took away, and goes on behind them",
  async (bench) => {
    const { config, topic } = bench;
    await makeTopic(bench, 1);
    await sendOrders(bench, 10);
    await using start = new Running(bench, { count: 2 });
    await start.ended;
    const deleteBefore = (offset: number) =>
      withAdmin(config, {}, async (admin) => {
        // kafkajs deletes from topics only whose partitions it has looked up already.
        await admin.fetchTopicOffsets(topic);
        await admin.deleteTopicRecords({
          topic,
          partitions: [{ partition: 0, offset: String(offset) }],
        });
      });
    await deleteBefore(6);
    const gone = (from: number, to: number) =>
      `Offsets ${from} to ${to} of ${topic} [0] are gone: ` +
      `the topic's retention has removed them before this group read them. Going on at ${
        to + 1
      }.`;
    await using consumer = new Running(bench);
    await eventually("the line", () => consumer.told.length > 0);
    await eventually("the rest", () => consumer.handled.length === 4);
    assertEquals(consumer.places, ["0:6", "0:7", "0:8", "0:9"]);
    await eventually(
      "the commit",
      async () => (await committedOffsets(bench))[0] === 10,
    );
    assertEquals(consumer.told, [gone(2, 5)]);
  },
);

integrationTest(
  "consume() reads each message once though brokers that lag say now and then that the group's offset is out of range",
  async (bench) => {
    await makeTopic(bench, 1);
    await sendOrders(bench, 5);
    await using consumer = new Running(bench);
    await eventually("the first", () => consumer.handled.length === 5);
    const { prototype: broker } = await loadKafkajsFile<Patched<"fetch">>(
      "src/broker/index.js",
    );
    const { prototype: cluster } = await loadKafkajsFile<
      Patched<"fetchTopicsOffset">
    >("src/cluster/index.js");
    const { KafkaJSOffsetOutOfRange } = await loadKafkajsFile<KafkajsErrors>(
      "src/errors.js",
    );
    const { fetch } = broker;
    const { fetchTopicsOffset } = cluster;
    const { now } = Date;
    /** Lets a fetch fail once, and the topic have an end while the consumer looks into it. Resolves when it fetches again. */
    const lag = (end?: string) => {
      const again = Promise.withResolvers<void>();
      broker.fetch = function () {
        if (end !== undefined) {
          cluster.fetchTopicsOffset = () =>
            Promise.resolve([{ partitions: [{ partition: 0, offset: end }] }]);
        }
        broker.fetch = function (request) {
          broker.fetch = fetch;
          cluster.fetchTopicsOffset = fetchTopicsOffset;
          again.resolve();
          return fetch.call(this, request);
        };
        return Promise.reject(
          new KafkaJSOffsetOutOfRange(
            { type: "OFFSET_OUT_OF_RANGE", code: 1 },
            { topic: bench.topic, partition: 0 },
          ),
        );
      };
      return again.promise;
    };
    try {
      await lag();
      await sendOrders(bench, 5, { first: 5 });
      await eventually("the rest", () => consumer.handled.length === 10);
      await lag("0");
      await sendOrders(bench, 1, { first: 10 });
      await eventually("one more", () => consumer.handled.length === 11);
      // Long after that it is another time.
      Date.now = () => now() + 10_000;
      await lag("0");
      await sendOrders(bench, 1, { first: 11 });
      await eventually(
        "the commit",
        async () => (await committedOffsets(bench))[0] === 12,
      );
    } finally {
      Date.now = now;
      broker.fetch = fetch;
      cluster.fetchTopicsOffset = fetchTopicsOffset;
    }
    assertEquals(
      consumer.places,
      Array.from({ length: 12 }, (_, offset) => `0:${offset}`),
    );
    assertEquals(consumer.told, []);
  },
);

integrationTest(
  "consume() says that a topic was made anew when the group's offset lies behind its end, and reads all of it",
  async (bench) => {
    await makeTopic(bench, 1);
    await sendOrders(bench, 2);
    const member = (await createKafka(bench.config)).consumer({
      groupId: bench.group,
      maxWaitTimeInMs: 100,
    });
    await member.connect();
    await member.subscribe({ topic: bench.topic });
    // Before it fetches, kafkajs commits nothing, in silence.
    const joined = Promise.withResolvers<void>();
    member.on(member.events.FETCH, () => joined.resolve());
    await member.run({ autoCommit: false, eachMessage: async () => {} });
    await joined.promise;
    const place = { topic: bench.topic, partition: 0, offset: "9" };
    await member.commitOffsets([place]);
    await member.disconnect();
    assertEquals(await committedOffsets(bench), { 0: 9 });
    await using consumer = new Running(bench, { count: 2 });
    await consumer.ended;
    assertEquals(consumer.told, [
      `The group's offset 9 is after the end of ${bench.topic} [0] (2): ` +
      "the topic was deleted and created again, or the broker has lost its end. Going on at 0.",
    ]);
    assertEquals(consumer.places, ["0:0", "0:1"]);
    assertEquals(await committedOffsets(bench), { 0: 2 });
  },
);

integrationTest(
  "consume() from latest reads a partition that was added to the topic from its start",
  async (bench) => {
    await makeTopic(bench, 1);
    await sendOrders(bench, 2);
    await using first = new Running(bench, { from: "latest" });
    await eventually(
      "the first assignment",
      () => first.assignments.length > 0,
    );
    await first.stop();
    await withAdmin(bench.config, {}, async (admin) => {
      const { topic } = bench;
      await admin.createPartitions({ topicPartitions: [{ topic, count: 2 }] });
      await eventually("the second partition", async () => {
        const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
        return topics[0]?.partitions.length === 2;
      });
    });
    await sendOrders(bench, 2, { partitions: [0, 1], first: 2 });
    await using second = new Running(bench, { from: "latest" });
    await eventually("all four", () => second.places.length >= 4);
    assertEquals([...second.places].sort(), ["0:2", "0:3", "1:0", "1:1"]);
    await second.stop();
    assertEquals(await committedOffsets(bench), { 0: 4, 1: 2 });
  },
);
