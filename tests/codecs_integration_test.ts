/**
 * Tests that the consumer reads what other clients compressed, and ends in good order at a batch that can't be read.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { CODEC_NAMES } from "../lib/codecs/inflate.ts";
import { registerCodecs } from "../lib/codecs/register.ts";
import { consumeEvents } from "../lib/consumer.ts";
import {
  CUSTOMER_EVENT_SCHEMA,
  type CustomerEvent,
} from "../lib/customer_event.ts";
import { withAdmin } from "../lib/kafka.ts";
import { EventRegistry } from "../lib/registry.ts";
import {
  type Bench,
  integrationTest,
  whyNoEngine,
} from "./support/integration.ts";
import { askPython, preparePython } from "./support/python.ts";
import { runTaskProcess } from "./support/task_process.ts";
import {
  committedOffsets,
  encodeOrders,
  makeOrder,
  makeTopic,
  sendRaw,
} from "./support/topics.ts";

/** Enough of them that a batch is smaller compressed, and several blocks long for snappy-java, which takes 32 KiB each. */
const ORDER_COUNT = 400;
const DEADLINE_MS = 20_000;
const XERIAL_START = "82534e41505059";

function makeOrders(): CustomerEvent[] {
  return Array.from(
    { length: ORDER_COUNT },
    (_, n) => makeOrder({ drink_name: `Café crème ${n} ☕` }),
  );
}

/** Makes a topic whose batches the broker compresses, with the code that the Java producer has. */
async function makeCompressedTopic(
  { config, topic }: Bench,
  codec: string,
): Promise<void> {
  await withAdmin(config, {}, async (admin) => {
    await admin.createTopics({
      waitForLeaders: true,
      topics: [{
        topic,
        numPartitions: 1,
        configEntries: [
          { name: "compression.type", value: codec },
          { name: "max.message.bytes", value: "90000000" },
        ],
      }],
    });
  });
}

interface Read {
  readonly events: CustomerEvent[];
  /** What the codec was given, in hexadecimal: how each batch began. */
  readonly starts: string[];
}

/** Reads the topic's orders, and notes what one of the codecs is given meanwhile. */
async function readOrders(
  { config, topic, group }: Bench,
  codec: number,
  count: number,
): Promise<Read> {
  const { CompressionCodecs } = await import("kafkajs");
  await registerCodecs();
  const codecs = CompressionCodecs as unknown as Record<
    number,
    () => { decompress(data: Uint8Array): Promise<Uint8Array> }
  >;
  const registered = codecs[codec];
  assert(registered, `codec ${codec} is registered`);
  const starts: string[] = [];
  codecs[codec] = () => ({
    ...registered(),
    decompress: (data) => {
      starts.push(data.subarray(0, 7).toHex());
      return registered().decompress(data);
    },
  });
  try {
    const events: CustomerEvent[] = [];
    await consumeEvents(config, ({ event }) => void events.push(event), {
      topic,
      group,
      count,
      signal: AbortSignal.timeout(DEADLINE_MS),
    });
    return { events, starts };
  } finally {
    codecs[codec] = registered;
  }
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

for (const [number, name] of Object.entries(CODEC_NAMES)) {
  const codec = Number(number);

  integrationTest(
    `consumeEvents() reads ${name} written by Kafka's own Java classes`,
    async (bench) => {
      const { config, topic } = bench;
      await makeCompressedTopic(bench, name);
      const orders = makeOrders();
      const values = await encodeOrders(bench, orders);
      await sendRaw(config, topic, values.map((value) => ({ value })));
      const { events, starts } = await readOrders(bench, codec, ORDER_COUNT);
      assertEquals(events, orders);
      assert(starts.length > 0, "no batch was compressed");
      if (name === "snappy") {
        assert(starts.every((start) => start === XERIAL_START), starts.join());
      }
    },
  );

  libraryTest(
    `consumeEvents() reads ${name} written by librdkafka`,
    async (bench, program) => {
      const { config, topic } = bench;
      await makeTopic(bench, 1);
      const orders = makeOrders();
      const { url } = await EventRegistry.connect(config);
      await askPython(program, {
        do: "produce",
        brokers: config.brokers.join(","),
        registry: url,
        topic,
        schema: CUSTOMER_EVENT_SCHEMA,
        orders,
        settings: { "compression.type": name, "linger.ms": 200 },
      });
      const { events, starts } = await readOrders(bench, codec, ORDER_COUNT);
      assertEquals(events, orders);
      assert(starts.length > 0, "no batch was compressed");
      if (name === "snappy") {
        assert(starts.every((start) => start !== XERIAL_START), starts.join());
      }
    },
  );
}

integrationTest(
  "consume ends with exit code 1 at a batch that inflates to 70 MB, after what came before it, and goes on behind it once the group is moved",
  async (bench) => {
    const { config, topic, group } = bench;
    await makeCompressedTopic(bench, "gzip");
    const values = await encodeOrders(bench, makeOrders().slice(0, 4));
    const bomb = Buffer.alloc(70_000_000);
    for (const value of values.toSpliced(3, 0, bomb)) {
      await sendRaw(config, topic, [{ value }]);
    }

    const args = [`--topic=${topic}`, `--group=${group}`, "--json"];
    const shown = [3, 0];
    for (const count of shown) {
      const { code, stdout, stderr } = await runTaskProcess(
        config,
        "consume",
        args,
      );
      assertEquals(stdout.split("\n").length - 1, count);
      assertEquals(
        stderr,
        `Error: The batch of topic '${topic}', partition 0, offsets 3 to 3, compressed by gzip, can't be read: ` +
          "it inflates to more than the limit of 67108864 bytes (64 MiB)\n" +
          "  Nothing is passed over: the group stays at this batch. To go on behind it, set the group's offset of partition 0 to 4.\n",
      );
      assertEquals(code, 1);
      assertEquals(await committedOffsets(bench), { 0: 3 });
    }

    await withAdmin(config, {}, async (admin) => {
      await admin.setOffsets({
        groupId: group,
        topic,
        partitions: [{ partition: 0, offset: "4" }],
      });
    });
    const { code, stdout } = await runTaskProcess(config, "consume", [
      ...args,
      "--count=1",
    ]);
    assertEquals(code, 0);
    assertStringIncludes(stdout, `"offset":"4"`);
  },
);
