/**
 * The consumer's loop on a real Kafka: what the log holds besides messages, batches that lie, and who commits what.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Producer } from "kafkajs";
import { Buffer } from "node:buffer";
import { gzipSync } from "node:zlib";
import { PipelineError } from "../../lib/base/errors.ts";
import { pause } from "../../lib/base/pause.ts";
import {
  consumeMessages,
  type Processing,
} from "../../lib/consume/consumer_loop.ts";
import type { OffsetStore } from "../../lib/consume/offset_store.ts";
import type { LoopOptions } from "../../lib/consume/options.ts";
import { HEADER_OFFSETS } from "../../lib/kafka/batches/header_offsets.ts";
import { createKafka, withClient } from "../../lib/kafka/client.ts";
import type { Message } from "../../lib/kafka/message.ts";
import type { Config } from "../../lib/settings/config.ts";
import { eventually } from "../support/eventually.ts";
import { type Bench, integrationTest } from "../support/integration.ts";
import { createKafka as createKafkajs, withAdmin } from "../support/kafkajs.ts";
import {
  craftBatch,
  craftEmptyRecords,
  fetchRaw,
  produceRaw,
} from "../support/raw_kafka.ts";
import { committedOffsets, makeTopic, sendRaw } from "../support/topics.ts";
import { PATIENCE_MS } from "../support/patience.ts";

const GZIP = 1;
/** The bit of a batch's attributes that marks a control batch. */
const CONTROL = 0x20;

function text(value: Uint8Array | null): string {
  return value === null ? "" : new TextDecoder().decode(value);
}

/** Runs the loop until nothing has come for a moment. */
async function run(
  { config, topic, group }: Bench,
  process: Processing,
  options: Partial<LoopOptions> = {},
): Promise<void> {
  await consumeMessages(await createKafka(config), process, {
    topic,
    group,
    from: "earliest",
    sessionTimeoutMs: 10_000,
    idleExitMs: 700,
    ...options,
    signal: options.signal
      ? AbortSignal.any([options.signal, AbortSignal.timeout(PATIENCE_MS)])
      : AbortSignal.timeout(PATIENCE_MS),
  });
}

/** Reads a topic's messages with the loop. */
async function readAll(
  bench: Bench,
  options: Partial<LoopOptions> = {},
): Promise<Message[]> {
  const messages: Message[] = [];
  const take = ({ key, value, ...message }: Message) =>
    // Their bytes are the loop's own until the message is processed.
    messages.push({
      ...message,
      key: key?.slice() ?? null,
      value: value?.slice() ?? null,
    });
  await run(bench, (_, message) => take(message) > 0, options);
  return messages;
}

integrationTest(
  "consumeMessages() frees the memory of a fetch once its messages are processed, and leaves their headers",
  async (bench) => {
    await makeTopic(bench, 1);
    const headers = { name: "kept" };
    // More than a connection is read at a time.
    const value = Buffer.alloc(500_000, "x");
    await sendRaw(bench.config, bench.topic, [{ value, headers }]);
    const messages: Message[] = [];
    const lengths: (number | undefined)[] = [];
    await run(bench, (_, message) => {
      lengths.push(message.value?.length);
      return messages.push(message) > 0;
    });
    assertEquals(lengths, [value.length]);
    assertEquals(messages.map(({ value }) => value?.length), [0]);
    assertEquals(
      messages.flatMap(({ headers }) =>
        headers.map(([, value]) => text(value))
      ),
      ["kept"],
    );
  },
);

/** Reads partition 0 from an offset to another. */
function readFrom(
  { config, topic }: Bench,
  from: bigint,
  to: bigint,
): Promise<Message[]> {
  return withClient(
    config,
    { make: (kafka) => kafka.reader() },
    async (reader) => {
      const read = reader.read(topic, {
        spans: new Map([[0, { from, to }]]),
      });
      return (await Array.fromAsync(read)).map(({ message }) => message);
    },
  );
}

/** Tells whether a batch is the marker of a transaction's end. */
function isControl(batch: Buffer): boolean {
  return (batch.readInt16BE(HEADER_OFFSETS.attributes) & CONTROL) !== 0;
}

/** Sends single messages to partition 0, each in a batch of its own, in several transactions that go on at the same time. */
class Transactions implements AsyncDisposable {
  readonly #bench: Bench;
  readonly #open = new Map<
    string,
    Awaited<ReturnType<Producer["transaction"]>>
  >();
  readonly #producers = new Map<string, Producer>();
  #endsCount = 0;

  constructor(bench: Bench) {
    this.#bench = bench;
  }

  async send(name: string, value: string): Promise<void> {
    const { config, topic } = this.#bench;
    let producer = this.#producers.get(name);
    if (!producer) {
      producer = (await createKafkajs(config)).producer({
        transactionalId: `${topic}-${name}`,
        idempotent: true,
        maxInFlightRequests: 1,
      });
      this.#producers.set(name, producer);
      await producer.connect();
    }
    const transaction = this.#open.get(name) ?? await producer.transaction();
    this.#open.set(name, transaction);
    // A key that looks like that of an abort marker.
    const key = Buffer.alloc(4);
    await transaction.send({
      topic,
      messages: [{ partition: 0, key, value }],
    });
  }

  async end(name: string, how: "abort" | "commit"): Promise<void> {
    await this.#open.get(name)?.[how]();
    this.#open.delete(name);
    this.#endsCount++;
    // Kafka answers before the marker of the end is in the partition.
    await eventually("the marker", async () => {
      const { config, topic } = this.#bench;
      const batches = await fetchRaw(config, { topic });
      return batches.filter(isControl).length >= this.#endsCount;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const producer of this.#producers.values()) {
      await producer.disconnect();
    }
  }
}

integrationTest(
  "consumeMessages() leaves out transactions that were rolled back side by side, wherever it starts, and commits to the end",
  async (bench) => {
    await makeTopic(bench, 1);
    await using transactions = new Transactions(bench);
    await transactions.send("a", "rolled back");
    await transactions.send("b", "rolled back");
    await transactions.send("c", "committed 1");
    await transactions.end("b", "abort");
    await transactions.send("a", "rolled back");
    await transactions.end("c", "commit");
    await transactions.send("b", "committed 2");
    await transactions.end("a", "abort");
    await transactions.send("a", "committed 3");
    await transactions.end("b", "commit");
    await transactions.end("a", "commit");
    await transactions.send("c", "rolled back");
    await transactions.end("c", "abort");

    const committed = ["committed 1", "committed 2", "committed 3"];
    const messages = await readAll(bench);
    assertEquals(messages.map(({ value }) => text(value)), committed);
    const { topic, config } = bench;
    const end = await withAdmin(config, {}, async (admin) => {
      const [partition] = await admin.fetchTopicOffsets(topic);
      return Number(partition?.high);
    });
    // 7 messages and 6 markers.
    assertEquals([end, await committedOffsets(bench)], [13, { 0: end }]);

    for (let start = 1; start < end; start++) {
      const found = await readFrom(bench, BigInt(start), BigInt(end));
      assertEquals(
        found.map(({ offset }) => offset),
        messages.map(({ offset }) => offset)
          .filter((offset) => Number(offset) >= start),
        `from ${start}`,
      );
    }
  },
);

integrationTest(
  "consumeMessages() commits past a partition that holds nothing but a rolled-back transaction",
  async (bench) => {
    await makeTopic(bench, 1);
    await using transactions = new Transactions(bench);
    for (let n = 0; n < 3; n++) await transactions.send("a", "rolled back");
    await transactions.end("a", "abort");
    assertEquals(await readAll(bench), []);
    assertEquals(await committedOffsets(bench), { 0: 4 });
  },
);

integrationTest(
  "consumeMessages() waits at an open transaction, and is not idle for it to end",
  async (bench) => {
    await makeTopic(bench, 1);
    await using transactions = new Transactions(bench);
    await transactions.send("a", "open");
    assertEquals(await readAll(bench), []);
    assertEquals(await committedOffsets(bench), { 0: 0 });
    await transactions.end("a", "commit");
    const messages = await readAll(bench);
    assertEquals(messages.map(({ value }) => text(value)), ["open"]);
    assertEquals(await committedOffsets(bench), { 0: 2 });
  },
);

/** Makes the log cleaner look for work at short intervals: the default is 15 s. */
async function hurryCleaner(config: Config): Promise<void> {
  const { ConfigResourceTypes } = await import("kafkajs");
  await withAdmin(config, {}, async (admin) => {
    const { brokers } = await admin.describeCluster();
    await admin.alterConfigs({
      validateOnly: false,
      resources: brokers.map(({ nodeId }) => ({
        type: ConfigResourceTypes.BROKER,
        name: String(nodeId),
        configEntries: [{ name: "log.cleaner.backoff.ms", value: "200" }],
      })),
    });
  });
}

integrationTest(
  "consumeMessages() goes on past a batch that compaction has emptied, and commits past it",
  async (bench) => {
    const { config, topic } = bench;
    await hurryCleaner(config);
    await makeTopic(bench, 1, {
      "cleanup.policy": "compact",
      "segment.bytes": "1048576",
      "min.cleanable.dirty.ratio": "0.001",
    });
    // More than half a segment each, so that each producer begins one. A producer's last batch stays, though empty.
    const filler = Buffer.alloc(600_000);
    for (const sends of [[["a", "zoe"], ["zoe"]], [["b", "zoe"]], [["c"]]]) {
      const producer = (await createKafkajs(config)).producer({
        idempotent: true,
        maxInFlightRequests: 1,
      });
      await producer.connect();
      for (const keys of sends) {
        await producer.send({
          topic,
          messages: keys.map((key) => ({
            key,
            value: key === "zoe" ? "zoe" : filler,
          })),
        });
      }
      await producer.disconnect();
    }
    const deadline = Date.now() + PATIENCE_MS;
    const isEmptied = (batch: Buffer) =>
      batch.readInt32BE(HEADER_OFFSETS.recordCount) === 0;
    while (!(await fetchRaw(config, { topic })).some(isEmptied)) {
      assert(Date.now() < deadline, "No batch was emptied");
      await pause(100);
    }
    const messages = await readAll(bench);
    assertEquals(
      messages.map(({ offset, key }) => `${offset} ${text(key)}`),
      ["0 a", "3 b", "4 zoe", "5 c"],
    );
    assertEquals(await committedOffsets(bench), { 0: 6 });
  },
);

integrationTest(
  "consumeMessages() doesn't go back for a start that the next one has overtaken",
  async (bench) => {
    const { config, topic } = bench;
    await makeTopic(bench, 2);
    const overtaken = Promise.withResolvers<void>();
    let loads = 0;
    const kept = new Map<number, bigint>();
    let kafkaOffsets: OffsetStore | undefined;
    const offsets = (kafka: OffsetStore): OffsetStore => ({
      async load() {
        kafkaOffsets = kafka;
        // The first lookup is that before the group is joined.
        if (++loads === 2) await overtaken.promise;
        return new Map(kept);
      },
      async save(positions, note) {
        for (const [partition, next] of positions) kept.set(partition, next);
        await kafka.save(positions, note);
      },
    });
    const places: string[] = [];
    const process = (partition: number, { offset }: Message) =>
      places.push(`${partition}:${offset}`) > 0;
    const stop = new AbortController();
    const options = { idleExitMs: undefined, signal: stop.signal };
    const first = run(bench, async (partition, message) => {
      process(partition, message);
      if (message.offset === "5") {
        await eventually("commits", () => kept.get(partition) === 5n);
        overtaken.resolve();
        await pause(0);
        // What the start asks Kafka has an answer before this.
        await kafkaOffsets?.load([partition]);
      }
      return true;
    }, { ...options, offsets });
    const members = [first];
    try {
      await eventually("a start that takes its time", () => loads === 2);
      members.push(run(bench, process, options));
      await eventually("the next start", () => loads > 2);
      for (const partition of [0, 1]) {
        const messages = Array.from(
          { length: 10 },
          () => ({ value: "", partition }),
        );
        await sendRaw(config, topic, messages);
        await sendRaw(config, topic, messages);
      }
      await eventually("all messages", () => new Set(places).size === 40);
    } finally {
      overtaken.resolve();
      stop.abort();
      await Promise.all(members);
    }
    assertEquals(places.length, 40);
    assertEquals(await committedOffsets(bench), { 0: 20, 1: 20 });
  },
);

integrationTest(
  "consumeMessages() loses nothing to a batch that claims offsets beyond its own",
  async (bench) => {
    const { config, topic } = bench;
    await makeTopic(bench, 1);
    const to = { topic };
    for (const offsetDelta of [5, -1]) {
      await produceRaw(
        config,
        to,
        craftBatch({ records: [{ value: "lies", offsetDelta }] }),
      );
      await produceRaw(
        config,
        to,
        craftBatch({ records: [{ value: "true" }] }),
      );
    }
    const messages = await readAll(bench);
    assertEquals(
      messages.map(({ offset, value, damaged }) => [
        offset,
        damaged ? "damaged" : text(value),
      ]),
      [["0", "damaged"], ["1", "true"], ["2", "damaged"], ["3", "true"]],
    );
    assertEquals(await committedOffsets(bench), { 0: 4 });
  },
);

integrationTest(
  "consumeMessages() reads batches of very many records, compressed or not",
  async (bench) => {
    const { config, topic } = bench;
    await makeTopic(bench, 1);
    // As many as fit in 1 MiB, which the broker takes by default.
    const [plain, compressed] = [116_000, 200_000];
    const batches = [
      craftBatch({ records: craftEmptyRecords(plain), count: plain }),
      craftBatch({
        records: gzipSync(craftEmptyRecords(compressed)),
        count: compressed,
        attributes: GZIP,
      }),
      craftBatch({ records: [{ value: "last" }] }),
    ];
    for (const batch of batches) await produceRaw(config, { topic }, batch);
    let count = 0;
    let last = "";
    await run(bench, (_, { value, offset }) => {
      count++;
      last = `${offset} ${text(value)}`;
      return true;
    });
    const end = plain + compressed + 1;
    assertEquals([count, last], [end, `${end - 1} last`]);
    assertEquals(await committedOffsets(bench), { 0: end });
  },
);

integrationTest(
  "consumeMessages() hands on a partition's messages together, and commits all of them or none",
  async (bench) => {
    const { config, topic } = bench;
    await makeTopic(bench, 2);
    const records = Array.from({ length: 500 }, (_, n) => ({ value: `${n}` }));
    for (const partition of [0, 1]) {
      for (let n = 0; n < 3; n++) {
        await produceRaw(config, { topic, partition }, craftBatch({ records }));
      }
    }
    const seen: string[] = [];
    const failing = run(bench, {
      processBatch(partition, messages) {
        if (partition === 1) return Promise.reject(new PipelineError("Full"));
        seen.push(`${partition}: ${messages.length}`);
        return Promise.resolve(true);
      },
    });
    await assertRejects(() => failing, PipelineError, "Full");
    // What comes first is up to the broker.
    const { 1: second } = await committedOffsets(bench);
    assertEquals(second, 0);
    await run(bench, {
      processBatch(partition, messages) {
        seen.push(`${partition}: ${messages.length}`);
        return Promise.resolve(true);
      },
    });
    assertEquals(seen.toSorted(), ["0: 1500", "1: 1500"]);
    assertEquals(await committedOffsets(bench), { 0: 1_500, 1: 1_500 });
  },
);

integrationTest(
  "consumeMessages() leaves a held message, and what comes after it, to be committed explicitly",
  async (bench) => {
    await makeTopic(bench, 1);
    await using transactions = new Transactions(bench);
    const values = ["free", "held", "held", "free", "held", "free"];
    for (const value of values) await transactions.send("a", value);
    await transactions.end("a", "commit");
    const held: string[] = [];
    let commit = () => Promise.resolve();
    await run(bench, (partition, { offset, value }, loop) => {
      if (text(value) === "held") {
        commit = loop.hold(partition, offset);
        held.push(offset);
      }
      return true;
    });
    assertEquals([held, await committedOffsets(bench)], [
      ["1", "2", "4"],
      { 0: 1 },
    ]);
    await assertRejects(commit, PipelineError, "could not be committed");

    const committed: (number | undefined)[] = [];
    await run(bench, async (partition, { offset, value }, loop) => {
      if (text(value) === "held") {
        const commit = loop.hold(partition, offset);
        // The second one is committed along with the third.
        if (offset !== "2") await commit();
        committed.push((await committedOffsets(bench))[0]);
      }
      return true;
    });
    assertEquals(committed, [2, 2, 5]);
    // Six messages and the marker of the transaction.
    assertEquals(await committedOffsets(bench), { 0: 7 });
  },
);

integrationTest(
  "consumeMessages() begins where another store says, and saves there",
  async (bench) => {
    const { config, topic } = bench;
    await makeTopic(bench, 2);
    const records = Array.from({ length: 5 }, (_, n) => ({ value: `${n}` }));
    for (const partition of [0, 1]) {
      await produceRaw(config, { topic, partition }, craftBatch({ records }));
    }
    const positions = new Map([[0, 3n]]);
    const seen: string[] = [];
    const read = () =>
      run(bench, (partition, { offset }) => {
        seen.push(`${partition}:${offset}`);
        return true;
      }, {
        offsets: (kafka) => ({
          load: () => Promise.resolve(positions),
          async save(saved) {
            for (const [partition, next] of saved) {
              positions.set(partition, next);
            }
            await kafka.save(saved);
          },
        }),
      });
    await read();
    const expected = ["0:3", "0:4", "1:0", "1:1", "1:2", "1:3", "1:4"];
    assertEquals(seen.toSorted(), expected);
    assertEquals(positions, new Map([[0, 5n], [1, 5n]]));
    assertEquals(await committedOffsets(bench), { 0: 5, 1: 5 });
    await read();
    assertEquals(seen.length, expected.length);
    positions.set(1, 4n);
    await read();
    assertEquals(seen.at(-1), "1:4");
    assertEquals(seen.length, expected.length + 1);
  },
);

integrationTest(
  "consumeMessages() ends nothing before the look-up of a position that a stop meets",
  async (bench) => {
    await makeTopic(bench, 1);
    const stop = new AbortController();
    let looksUp = 0;
    await run(bench, () => true, {
      signal: stop.signal,
      offsets: (kafka) => ({
        ...kafka,
        async load(partitions) {
          // The first is before it joins.
          if (++looksUp === 2) {
            stop.abort();
            await pause(1_500);
          }
          return await kafka.load(partitions);
        },
      }),
    });
    assertEquals(looksUp, 2);
  },
);

integrationTest(
  "consumeMessages() drops a commit that waits to be sent while the group gives the partition to another member",
  async (bench) => {
    await makeTopic(bench, 2);
    const send = (partition: number) =>
      sendRaw(bench.config, bench.topic, [{ partition, value: "" }]);
    for (const partition of [0, 1, 0, 1]) await send(partition);
    const stop = new AbortController();
    const processed = Promise.withResolvers<void>();
    const sendable = Promise.withResolvers<void>();
    const options = { idleExitMs: PATIENCE_MS, signal: stop.signal };
    let own: readonly number[] = [];
    let count = 0;
    let commits = 0;
    const first = run(bench, () => {
      if (++count === 4) processed.resolve();
      return true;
    }, {
      ...options,
      // The second commit is of both partitions.
      beforeCommit: () =>
        commits++ === 0 ? processed.promise : sendable.promise,
      assigned: (partitions) => own = partitions,
    });
    await eventually("the second commit", () => commits === 2);
    const other = run(bench, () => true, options);
    try {
      const committed = async (partition: number, next: number) =>
        (await committedOffsets(bench))[partition] === next;
      await eventually("a partition each", () => own.length === 1);
      const [kept = 0] = own;
      const given = 1 - kept;
      await send(given);
      await eventually("its commit", () => committed(given, 3));
      sendable.resolve();
      await eventually("the other's", () => committed(kept, 2));
      assertEquals(await committedOffsets(bench), { [given]: 3, [kept]: 2 });
    } finally {
      sendable.resolve();
      stop.abort();
      await Promise.all([first, other]);
    }
  },
);
