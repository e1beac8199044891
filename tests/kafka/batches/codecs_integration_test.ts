/**
 * Tests that the consumer reads what other clients compressed, and keeps a batch that can't be read.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { gunzipSync } from "node:zlib";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { HEADER_OFFSETS } from "../../../lib/kafka/batches/header_offsets.ts";
import { consume } from "../../../lib/consume/consume.ts";
import { type Order, orders } from "../../../lib/events/order.ts";
import { EventRegistry } from "../../../lib/registry/registry.ts";
import {
  type Bench,
  integrationTest,
  whyNoEngine,
} from "../../support/integration.ts";
import { askPython, preparePython } from "../../support/python.ts";
import { fetchRaw } from "../../support/raw_kafka.ts";
import { runTaskProcess } from "../../support/task_process.ts";
import {
  committedOffsets,
  encodeOrders,
  makeOrder,
  makeTopic,
  sendRaw,
} from "../../support/topics.ts";
import { PATIENCE_MS } from "../../support/patience.ts";

/** Enough of them that a batch is smaller compressed, and several blocks long for snappy-java, which takes 32 KiB each. */
const ORDER_COUNT = 400;
const XERIAL_START = "82534e41505059";

function makeOrders(): Order[] {
  return Array.from(
    { length: ORDER_COUNT },
    (_, n) => makeOrder({ drink_name: `Café crème ${n} ☕` }),
  );
}

/** Makes a topic whose batches the broker compresses, with the code that the Java producer has. */
async function makeCompressedTopic(
  bench: Bench,
  codec: string,
): Promise<void> {
  await makeTopic(bench, 1, {
    "compression.type": codec,
    "max.message.bytes": "90000000",
  });
}

/** Reads the topic's orders. */
async function readOrders(
  { config, topic, group }: Bench,
  count: number,
): Promise<Order[]> {
  const events: Order[] = [];
  await consume(orders, ({ event }) => void events.push(event), {
    config,
    topic,
    group,
    count,
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  return events;
}

/**
 * Requires that the topic's batches are compressed, and returns how each one's records begin, in hexadecimal. librdkafka leaves a
 * batch as it is that compression would not make smaller, such as one of a single message: those don't count.
 */
async function requireCompressed(
  { config, topic }: Bench,
  codec: number,
): Promise<string[]> {
  const starts: string[] = [];
  for (const batch of await fetchRaw(config, { topic })) {
    const used = batch.readInt16BE(HEADER_OFFSETS.attributes) & 7;
    if (used === 0) continue;
    assertEquals(used, codec);
    starts.push(batch.subarray(HEADER_OFFSETS.records).subarray(0, 7).toHex());
  }
  assert(starts.length > 0);
  return starts;
}

const engine = whyNoEngine();
const python = engine === undefined
  ? await preparePython()
  : { problem: engine };
const { program } = python;

/** A test with librdkafka, which Python's client is built on. */
function libraryTest(
  name: string,
  fn: (bench: Bench, program: string) => Promise<void>,
): void {
  if (program !== undefined) {
    integrationTest(name, (bench) => fn(bench, program));
    return;
  }
  Deno.test({
    name: `${name} (${python.problem})`,
    ignore: true,
    fn: () => {},
  });
}

for (const [index, name] of ["gzip", "snappy", "lz4", "zstd"].entries()) {
  const codec = index + 1;

  integrationTest(
    `consume() reads ${name} written by Kafka's own Java classes`,
    async (bench) => {
      const { config, topic } = bench;
      await makeCompressedTopic(bench, name);
      const sent = makeOrders();
      const values = await encodeOrders(bench, sent);
      await sendRaw(config, topic, values.map((value) => ({ value })));
      assertEquals(await readOrders(bench, ORDER_COUNT), sent);
      const starts = await requireCompressed(bench, codec);
      if (name === "snappy") {
        assert(starts.every((start) => start === XERIAL_START), starts.join());
      }
    },
  );

  libraryTest(
    `consume() reads ${name} written by librdkafka`,
    async (bench, program) => {
      const { config, topic } = bench;
      await makeTopic(bench, 1);
      const sent = makeOrders();
      const { url } = await EventRegistry.connect(config);
      await askPython(program, {
        do: "produce",
        brokers: config.brokers.join(","),
        registry: url,
        topic,
        schema: orders.schemaText,
        orders: sent,
        settings: { "compression.type": name, "linger.ms": 200 },
      });
      assertEquals(await readOrders(bench, ORDER_COUNT), sent);
      const starts = await requireCompressed(bench, codec);
      if (name === "snappy") {
        assert(starts.every((start) => start !== XERIAL_START), starts.join());
      }
    },
  );
}

integrationTest(
  "consume keeps a batch that inflates to 70 MB as a dead letter, as it came, and goes on; with --on-error stop it ends there",
  async (bench) => {
    const { config, topic, group } = bench;
    await makeCompressedTopic(bench, "gzip");
    const values = await encodeOrders(bench, makeOrders().slice(0, 4));
    const bomb = Buffer.alloc(70_000_000);
    for (const value of values.toSpliced(3, 0, bomb)) {
      await sendRaw(config, topic, [{ value }]);
    }
    const reason =
      `The batch of topic '${topic}', partition 0, offsets 3 to 3, compressed by gzip, can't be read: ` +
      "it inflates to more than the limit of 67108864 bytes";

    const stopped = await runTaskProcess(config, "consume", [
      `--topic=${topic}`,
      `--group=${group}-stop`,
      "--json",
      "--on-error=stop",
    ]);
    assertEquals(stopped.stdout.split("\n").length - 1, 3);
    assertStringIncludes(
      stopped.stderr,
      `Error: Can't read message ${topic} [0] offset=3: ${reason}\n`,
    );
    assertEquals(stopped.code, 1);

    const { code, stdout, stderr } = await runTaskProcess(config, "consume", [
      `--topic=${topic}`,
      `--group=${group}`,
      "--json",
      "--count=4",
    ]);
    assertEquals({ code, lines: stdout.split("\n").length - 1 }, {
      code: 0,
      lines: 4,
    });
    assertStringIncludes(
      stderr,
      `Can't read message ${topic} [0] offset=3: ${reason}\n` +
        `  It is kept: ${topic}.dlq [0] offset=0\n`,
    );
    assertEquals(await committedOffsets(bench), { 0: 5 });

    const letters = await runTaskProcess(config, "dlq", [
      `--topic=${topic}`,
      "--json",
    ]);
    const letter = JSON.parse(letters.stdout);
    assertEquals(
      { reason: letter.reason, origin: letter.origin },
      { reason, origin: { topic, partition: 0, offset: "3" } },
    );
    // Gunzipped, it is the record: what the broker stored, not what was read of it.
    const kept = gunzipSync(Uint8Array.fromBase64(letter.value));
    assert(kept.length > bomb.length, `${kept.length} bytes`);

    const replay = await runTaskProcess(config, "dlq", [
      "replay",
      `--topic=${topic}`,
    ]);
    assertEquals(replay.code, 1);
    assertStringIncludes(replay.stderr, "it is a whole batch");
  },
);
