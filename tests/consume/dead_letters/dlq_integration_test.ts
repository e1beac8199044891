/**
 * The life of a dead letter on a real Kafka: kept as it is, listed without a trace, sent back once.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { consume as consumeEvents } from "../../../lib/consume/consume.ts";
import { deadLetterTopic } from "../../../lib/consume/dead_letters/dead_letter.ts";
import { EventRegistry } from "../../../lib/registry/registry.ts";
import { requestRegistry } from "../../../lib/registry/transport.ts";
import {
  createKafka,
  withAdmin as withOwnAdmin,
} from "../../../lib/kafka/client.ts";
import type { Message, OutgoingMessage } from "../../../lib/kafka/message.ts";
import { partitionProducer, withAdmin } from "../../support/kafkajs.ts";
import { readMessages } from "../../support/raw_kafka.ts";
import { orders } from "../../../lib/events/order.ts";
import {
  type Header,
  keyText,
  type Position,
} from "../../../lib/events/record.ts";
import { frame } from "../../../lib/events/wire_format.ts";
import { withoutDuration } from "../../support/captured_output.ts";
import { type Bench, integrationTest } from "../../support/integration.ts";
import { PATIENCE_MS } from "../../support/patience.ts";
import {
  runTaskProcess,
  type TaskOptions,
} from "../../support/task_process.ts";
import {
  committedOffsets,
  encodeOrders,
  makeOrder,
  makeTopic,
  parseRecords,
  sendRaw,
} from "../../support/topics.ts";

/** A letter as `deno task dlq --json` prints it. */
interface ListedLetter {
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
  readonly timestamp: string;
  readonly key: string | null;
  readonly origin: Position | null;
  readonly groups: readonly string[];
  readonly letters: number;
  readonly reason: string | null;
  readonly stage: string | null;
  readonly attempts: number;
  readonly replayed: boolean;
  readonly value: string | null;
}

function consume({ config, topic, group }: Bench, args: readonly string[]) {
  return runTaskProcess(config, "consume", [
    `--topic=${topic}`,
    `--group=${group}`,
    ...args,
  ]);
}

/** Has a group read the topic to its end and set aside what can't be read, in this process: what counts is what the letters hold. */
async function setAside({ config, topic, group }: Bench): Promise<void> {
  const options = { config, topic, group, idleExitMs: 500 };
  await consumeEvents(orders, () => {}, options);
}

function dlq(
  { config, topic }: Bench,
  args: readonly string[] = [],
  options: TaskOptions = {},
) {
  return runTaskProcess(config, "dlq", [...args, `--topic=${topic}`], options);
}

async function listJson(bench: Bench): Promise<ListedLetter[]> {
  const { code, stdout, stderr } = await dlq(bench, ["--json"]);
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  const letters: ListedLetter[] = stdout.split("\n").slice(0, -1)
    .map((line) => JSON.parse(line));
  // Partitions come in any order.
  return letters.sort((a, b) => a.partition - b.partition);
}

/** Sends messages to the partitions that they name. */
async function sendWithHeaders(
  { config }: Bench,
  topic: string,
  messages: readonly OutgoingMessage[],
): Promise<void> {
  const producer = (await createKafka(config)).producer();
  await producer.connect();
  try {
    for (const message of messages) {
      await producer.send({ topic, acks: 1, messages: [message] });
    }
  } finally {
    await producer.disconnect();
  }
}

type RawMessage = Message & { readonly partition: number };

/** Reads a topic's messages, byte for byte, and requires that there are so many. */
async function readRaw(
  { config }: Bench,
  topic: string,
  count: number,
): Promise<RawMessage[]> {
  const found: RawMessage[] = [];
  const layout = await withOwnAdmin(
    config,
    {},
    (admin) => admin.topicLayout(topic),
  );
  for (let partition = 0; partition < (layout?.partitions ?? 0); partition++) {
    for (const message of await readMessages(config, { topic, partition })) {
      found.push({ ...message, partition });
    }
  }
  assertEquals(found.length, count, topic);
  return found;
}

/** Headers without those that say why a letter is one. */
function ownHeaders(headers: readonly Header[] = []): unknown {
  return headers
    .filter(([name]) =>
      !/^__connect\.errors\.|^cafe\.(attempts|group|time)$/.test(name)
    )
    .map((
      [name, value],
    ) => [name, value && Buffer.from(value).toString("hex")]);
}

/** Registers a schema that every order is valid by, and that no other test has. */
async function registerSchema(
  { config, topic }: Bench,
  title: string,
): Promise<number> {
  const { url } = await EventRegistry.connect(config);
  const { id } = await requestRegistry(
    "post",
    `${url}/subjects/${topic}-${title}/versions`,
    {
      body: JSON.stringify({
        schemaType: "JSON",
        schema: JSON.stringify({
          $schema: "http://json-schema.org/draft-07/schema#",
          title: topic + title,
          type: "object",
          properties: {},
        }),
      }),
    },
  ) as { id: number };
  return id;
}

function text(headers: readonly Header[] | undefined, name: string): string {
  const [, value = null] = headers?.findLast(([other]) => other === name) ?? [];
  return String(value && Buffer.from(value));
}

integrationTest(
  "consume keeps a letter byte for byte, in its partition, with headers that Kafka Connect's tools can read",
  async (bench) => {
    const { config, topic } = bench;
    await makeTopic(bench, 4);
    const timestamp = Date.UTC(2020, 1, 29, 12);
    const headers: readonly Header[] = [
      ["many", Buffer.from("1")],
      ["none", null],
      ["10", Buffer.from("x")],
      ["many", null],
      ["empty", Buffer.alloc(0)],
      ["2", Buffer.from("y")],
      ["many", Buffer.from([0xff, 0x00])],
      ["constructor", Buffer.from("c")],
      ["café", Buffer.from("☕")],
      ["__proto__", Buffer.from("p1")],
      ["many", Buffer.from("1")],
    ];
    const sent: readonly OutgoingMessage[] = [
      { partition: 3, key: null, value: Buffer.alloc(0), timestamp, headers },
      {
        partition: 3,
        key: Buffer.from([0xff, 0xfe]),
        value: Buffer.from([0, 0, 0, 0, 1, 0x80]),
        timestamp,
      },
      {
        partition: 1,
        key: Buffer.alloc(0),
        value: Buffer.from("garbage"),
        headers: [["cafe.attempts", "nonsense"]],
        timestamp,
      },
    ];
    await sendWithHeaders(bench, topic, sent);
    const { code } = await consume(bench, ["--idle-exit=0.5"]);
    assertEquals(code, 0);
    assertEquals(await committedOffsets(bench), { 0: 0, 1: 1, 2: 0, 3: 2 });

    const letters = deadLetterTopic(topic);
    const [originals, kept] = await Promise.all([
      readRaw(bench, topic, sent.length),
      readRaw(bench, letters, sent.length),
    ]);
    const content = (message: RawMessage) => ({
      partition: message.partition,
      key: message.key?.toHex(),
      value: message.value?.toHex(),
      timestamp: message.timestamp,
      headers: ownHeaders(message.headers),
    });
    assertEquals(kept.map(content), originals.map(content));
    const own = kept[1];
    assertEquals(ownHeaders(own?.headers), ownHeaders(headers));
    const why = Object.fromEntries(
      (own?.headers ?? [])
        .filter(([name]) => /^(__connect|cafe)\./.test(name))
        .map(([name, value]) => [name, String(Buffer.from(value ?? []))]),
    );
    const {
      "__connect.errors.exception.stacktrace": stack,
      "cafe.time": time,
      ...rest
    } = why;
    assert(Math.abs(Date.now() - Date.parse(time ?? "")) < PATIENCE_MS, time);
    assertEquals(rest, {
      "__connect.errors.topic": topic,
      "__connect.errors.partition": "3",
      "__connect.errors.offset": "0",
      "__connect.errors.stage": "VALUE_CONVERTER",
      "__connect.errors.class.name": "cafe-event-consumer",
      "__connect.errors.exception.class.name": "InvalidEventError",
      "__connect.errors.exception.message":
        "The value is truncated: 0 bytes, where the header alone takes 5",
      "cafe.attempts": "1",
      "cafe.group": bench.group,
    });
    assertMatch(stack ?? "", /^InvalidEventError: The value is truncated/);
    assertEquals(text(kept[0]?.headers, "cafe.attempts"), "1");
    await withAdmin(config, {}, async (admin) => {
      const { topics } = await admin.fetchTopicMetadata({ topics: [letters] });
      assertEquals(topics[0]?.partitions.length, 4);
    });
  },
);

integrationTest(
  "consume keeps a letter of the largest size that the topic takes, one that was sent compressed, and those of any age",
  async (bench) => {
    const { config, topic } = bench;
    const limit = 20_000;
    await makeTopic(bench, 1, { "max.message.bytes": `${limit}` });
    // A batch of one message of so many bytes takes 72 bytes more: Kafka refuses the next size.
    const exact = Buffer.alloc(limit - 72, "x");
    const tooMany = Buffer.alloc(exact.length + 1, "x");
    const refused = await sendWithHeaders(bench, topic, [
      { key: null, value: tooMany, partition: 0 },
    ]).then(() => undefined, (error) => error.type);
    assertEquals(refused, "MESSAGE_TOO_LARGE");
    await sendWithHeaders(bench, topic, [
      { key: null, value: exact, partition: 0 },
    ]);
    const { CompressionTypes } = await import("kafkajs");
    const inflated = Buffer.alloc(1_000_000, "y");
    const producer = await partitionProducer(config);
    await producer.connect();
    await producer.send({
      topic,
      compression: CompressionTypes.GZIP,
      messages: [{ key: null, value: inflated, partition: 0 }],
    });
    await producer.disconnect();

    const { code, stderr } = await consume(bench, ["--idle-exit=0.5"]);
    assertEquals(code, 0, stderr);
    assertEquals(await committedOffsets(bench), { 0: 2 });
    const letters = deadLetterTopic(topic);
    const kept = await readRaw(bench, letters, 2);
    assertEquals(
      kept.map(({ value }) => value && Buffer.compare(value, exact)),
      [0, 1],
    );
    assertEquals(Buffer.compare(kept[1]?.value ?? exact, inflated), 0);

    const { ConfigResourceTypes } = await import("kafkajs");
    const settings = await withAdmin(config, {}, async (admin) => {
      const { resources } = await admin.describeConfigs({
        includeSynonyms: false,
        resources: [{
          type: ConfigResourceTypes.TOPIC,
          name: letters,
          configNames: [
            "max.message.bytes",
            "retention.ms",
            "retention.bytes",
            "cleanup.policy",
            "message.timestamp.type",
            "message.timestamp.after.max.ms",
            "message.timestamp.before.max.ms",
          ],
        }],
      });
      return Object.fromEntries(
        (resources[0]?.configEntries ?? [])
          .map(({ configName, configValue }) => [configName, configValue]),
      );
    });
    assertEquals(settings, {
      "max.message.bytes": `${limit + 65_536}`,
      "retention.ms": "-1",
      "retention.bytes": "-1",
      "cleanup.policy": "delete",
      "message.timestamp.type": "CreateTime",
      "message.timestamp.after.max.ms": "9223372036854775807",
      "message.timestamp.before.max.ms": "9223372036854775807",
    });
  },
);

integrationTest(
  "dlq lists letters safely",
  async (bench) => {
    const { config, topic } = bench;
    await makeTopic(bench, 1);
    const none = await dlq(bench);
    assertEquals(none, {
      code: 0,
      stdout: `Topic '${topic}' has no dead letters.\n`,
      stderr: "",
    });
    const nothing = await dlq(bench, ["replay"]);
    assertEquals(nothing, {
      code: 0,
      stdout: `Topic '${topic}' has no dead letters to replay.\n`,
      stderr: "",
    });
    assertEquals(await listJson(bench), []);

    const value = Buffer.from("\x1b[2J\u202ebad\n" + "z".repeat(200));
    const timestamp = String(Date.UTC(2026, 1, 3, 2, 16, 55, 763));
    await sendRaw(config, topic, [
      { key: "\x1b[31m", value, timestamp },
      { key: null, value: Buffer.from([0xff, 0xfe]), timestamp },
    ]);
    await setAside(bench);
    const listed = await runTaskProcess(
      config,
      "dlq",
      [`--topic=${topic}`],
      { env: { TZ: "America/Toronto" } },
    );
    assertEquals({ code: listed.code, stderr: listed.stderr }, {
      code: 0,
      stderr: "",
    });
    assertEquals(listed.stdout.split("\n"), [
      `${topic}/0/0`,
      `        ├─ Letter: ${topic}.dlq [0] offset=0`,
      `        ├─ Groups: ${bench.group}`,
      "        ├─ Kafka Timestamp: 2026-02-02 21:16:55",
      "        ├─ Reason: The magic byte is 0x1b and not 0x00",
      "        ├─ Attempts: 1",
      "        ├─ Key: \\u001b[31m (5 bytes)",
      `        └─ Value: \\u001b[2J\\u202ebad\\u000a${
        "z".repeat(109)
      }… (211 bytes)`,
      `${topic}/0/1`,
      `        ├─ Letter: ${topic}.dlq [0] offset=1`,
      `        ├─ Groups: ${bench.group}`,
      "        ├─ Kafka Timestamp: 2026-02-02 21:16:55",
      "        ├─ Reason: The value is truncated: 2 bytes, where the header alone takes 5",
      "        ├─ Attempts: 1",
      "        ├─ Key: none",
      "        └─ Value: \ufffd\ufffd (2 bytes)",
      `2 dead letters in '${topic}.dlq'; 2 left to replay.`,
      "",
    ]);
    const place = { topic: `${topic}.dlq`, partition: 0 };
    const why = {
      groups: [bench.group],
      letters: 1,
      stage: "VALUE_CONVERTER",
      attempts: 1,
      replayed: false,
    };
    const time = "2026-02-03T02:16:55.763Z";
    assertEquals(await listJson(bench), [
      {
        ...place,
        ...why,
        offset: "0",
        timestamp: time,
        key: "\x1b[31m",
        origin: { topic, partition: 0, offset: "0" },
        reason: "The magic byte is 0x1b and not 0x00",
        value: value.toString("base64"),
      },
      {
        ...place,
        ...why,
        offset: "1",
        timestamp: time,
        key: null,
        origin: { topic, partition: 0, offset: "1" },
        reason:
          "The value is truncated: 2 bytes, where the header alone takes 5",
        value: "//4=",
      },
    ]);
  },
);

integrationTest(
  "dlq replay sends each letter back once; one that fails again comes back with its count raised",
  async (bench) => {
    const { config, topic } = bench;
    await makeTopic(bench, 2);
    const headers = { trace: [Buffer.from("a"), Buffer.from("b")] };
    await sendRaw(config, topic, [
      { partition: 0, key: "k", value: Buffer.from([0, 1]), headers },
      { partition: 1, key: null, value: Buffer.from("garbage"), headers },
    ]);
    await setAside(bench);

    const replayed = await dlq(bench, ["replay"]);
    assertEquals({ code: replayed.code, stderr: replayed.stderr }, {
      code: 0,
      stderr: "",
    });
    assertEquals(replayed.stdout.split("\n").sort(), [
      "",
      `2 dead letters were sent back to '${topic}'; 0 left.`,
      `Replayed: ${topic}/0/0 to ${topic} [0] offset=1`,
      `Replayed: ${topic}/1/0 to ${topic} [1] offset=1`,
    ]);
    assertEquals((await listJson(bench)).map((one) => one.replayed), [
      true,
      true,
    ]);
    const again = await dlq(bench, ["replay", "--json"]);
    assertEquals(again, { code: 0, stdout: "", stderr: "" });
    const messages = await readRaw(bench, topic, 4);
    assertEquals(messages.length, 4);
    for (const [i, original] of messages.entries()) {
      if (i % 2 === 1) continue;
      const back = messages[i + 1];
      assertEquals(back?.key, original.key);
      assertEquals(back?.value, original.value);
      assertEquals(
        back?.headers.map(([name]) => name),
        ["trace", "trace", "cafe.attempts"],
      );
      assertEquals(back?.headers.slice(0, 2), original.headers);
      assertEquals(text(back?.headers, "cafe.attempts"), "1");
    }

    // Both fail again.
    await setAside(bench);
    const twice = await listJson(bench);
    assertEquals(
      twice.map(({ partition, attempts, replayed, origin }) => ({
        partition,
        attempts,
        replayed,
        origin,
      })),
      [0, 1].flatMap((partition) => [
        {
          partition,
          attempts: 1,
          replayed: true,
          origin: { topic, partition, offset: "0" },
        },
        {
          partition,
          attempts: 2,
          replayed: false,
          origin: { topic, partition, offset: "1" },
        },
      ]),
    );
    const json = await dlq(bench, ["replay", "--json"]);
    assertEquals({ code: json.code, stderr: json.stderr }, {
      code: 0,
      stderr: "",
    });
    assertEquals(
      json.stdout.split("\n").filter(Boolean).sort().map((line) =>
        JSON.parse(line)
      ),
      // A note of the first replay lies between the letters.
      [0, 1].map((partition) => ({
        letter: { topic: `${topic}.dlq`, partition, offset: "2" },
        origin: { topic, partition, offset: "1" },
        to: { topic, partition, offset: "2" },
      })),
    );
  },
);

integrationTest(
  "dlq replay sends one copy of a message that three groups have set aside, however often it fails",
  async (bench) => {
    const { config, topic } = bench;
    await makeTopic(bench, 1);
    await sendRaw(config, topic, [{ key: null, value: "garbage" }]);
    const groups = ["a", "b", "c"].map((name) => `${bench.group}-${name}`);
    for (let round = 0; round < 3; round++) {
      await Promise.all(groups.map((group) => setAside({ ...bench, group })));
      const pending = (await listJson(bench)).filter((one) => !one.replayed);
      assertEquals(
        pending.map(({ origin, letters, groups, attempts }) => ({
          offset: origin?.offset,
          letters,
          // In the sequence of the letters, which came side by side.
          groups: groups.toSorted(),
          attempts,
        })),
        [{ offset: String(round), letters: 3, groups, attempts: round + 1 }],
      );
      const { stdout } = await dlq(bench, ["replay"]);
      assertEquals(
        stdout,
        `Replayed: ${topic}/0/${round} to ${topic} [0] offset=${round + 1}\n` +
          `1 dead letter was sent back to '${topic}'; 0 left.\n`,
      );
    }
    await readRaw(bench, topic, 4);
  },
);

integrationTest(
  "dlq list and replay take only what the flags name, and --dry-run sends nothing",
  async (bench) => {
    const { config, topic } = bench;
    await makeTopic(bench, 1);
    await sendRaw(config, topic, [
      { key: null, value: "garbage" },
      { key: null, value: Buffer.from([0, 1]) },
    ]);
    await setAside(bench);
    const later = new Date(Date.now() + 3_600_000).toISOString();
    const count = async (...args: string[]) => {
      const { stdout } = await dlq(bench, ["list", "--count", ...args]);
      return Number(
        /^(\d+) dead letters? in \S+; 2 left to replay\.\n$/
          .exec(stdout)?.[1],
      );
    };
    assertEquals(await count(), 2);
    assertEquals(await count("--reason=TRUNCATED"), 1);
    assertEquals(await count(`--group=${bench.group}`), 2);
    assertEquals(await count("--group=other"), 0);
    assertEquals(await count("--since=2026-01-01T00:00:00Z"), 2);
    assertEquals(await count(`--since=${later}`), 0);

    const origin = `--origin=${topic}/0/1`;
    const tried = await dlq(bench, ["replay", origin, "--dry-run"]);
    assertMatch(
      tried.stdout,
      /^Would replay: \S+\/0\/1 \(The value is truncated: .*\)\n1 dead letter would be sent back to '\S+'; 2 left\.\n$/,
    );
    await readRaw(bench, topic, 2);
    const { stdout } = await dlq(bench, ["replay", origin]);
    assertEquals(
      stdout,
      `Replayed: ${topic}/0/1 to ${topic} [0] offset=2\n` +
        `1 dead letter was sent back to '${topic}'; 1 left.\n`,
    );
    await readRaw(bench, topic, 3);
    const wrong = await dlq(bench, ["replay", "--origin=demo-1"]);
    assertEquals(wrong.code, 2);
  },
);

integrationTest(
  "dlq edit sends a corrected event back, and refuses one that is not valid",
  async (bench) => {
    const { config, topic } = bench;
    await makeTopic(bench, 1);
    await sendRaw(config, topic, [{ key: "charlie_davis", value: "garbage" }]);
    await setAside(bench);
    const edit = (origin: string, event: unknown) =>
      runTaskProcess(config, "dlq", ["edit", origin], {
        input: JSON.stringify(event),
      });
    const origin = `${topic}/0/0`;
    const order = makeOrder();
    const invalid = await edit(origin, { ...order, quantity: 0 });
    assertEquals(invalid.code, 1);
    assertMatch(invalid.stderr, /^Error: Not a valid order: quantity /);
    const missing = await edit(`${topic}/0/9`, order);
    assertEquals(
      missing.stderr,
      `Error: There is no dead letter of ${topic}/0/9\n`,
    );
    const { code, stdout, stderr } = await edit(origin, order);
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    assertEquals(
      stdout,
      `Replayed: ${origin} to ${topic} [0] offset=1\n` +
        `1 dead letter was sent back to '${topic}'; 0 left.\n`,
    );
    const consumed = await consume(bench, ["--idle-exit=0.5", "--json"]);
    const [record] = parseRecords(consumed.stdout);
    assertEquals(record?.event, order);
    assertEquals(record?.key, "charlie_davis");
    const [, back] = await readRaw(bench, topic, 2);
    assert(Date.parse(text(back?.headers, "cafe.edited")) > 0);
    const again = await edit(origin, order);
    assertEquals(
      again.stderr,
      `Error: ${origin} was sent back already: it is at ${topic}/0/1\n`,
    );
  },
);

/** What the source takes and the letters' topic does not, until its settings are changed. */
const REFUSALS = [
  {
    name: "a time in microseconds",
    source: { "message.timestamp.after.max.ms": `${2n ** 63n - 1n}` },
    // The default since Kafka 4.0.
    letters: { "message.timestamp.after.max.ms": "3600000" },
    message: { value: "bad", timestamp: String(Date.now() * 1_000) },
    setting: /message\.timestamp\.after\.max\.ms=9223372036854775807/,
  },
  {
    name: "a size that was raised since",
    source: { "max.message.bytes": "3000000" },
    letters: { "max.message.bytes": "1048588" },
    message: {
      value: Buffer.from(
        crypto.getRandomValues(new Uint8Array(65_536)).toHex().repeat(20),
      ),
    },
    setting: undefined,
  },
  {
    name: "a message without a key",
    source: {},
    letters: { "cleanup.policy": "compact" },
    message: { key: null, value: "bad" },
    setting: /cleanup\.policy=delete/,
  },
] as const;

for (const { name, source, letters, message, setting } of REFUSALS) {
  integrationTest(
    `consume keeps a letter with ${name}, also if its topic was made by hand and refuses it`,
    async (bench) => {
      const { config, topic } = bench;
      await makeTopic(bench, 1, source);
      const kept = { ...bench, topic: deadLetterTopic(topic) };
      await makeTopic(kept, 1, letters);
      await sendRaw(config, topic, [{ key: null, ...message }]);
      const { code, stderr } = await consume(bench, ["--idle-exit=1"]);
      assertEquals(code, 0, stderr);
      assertEquals(await committedOffsets(bench), { 0: 1 });
      if (setting) assertMatch(stderr, setting);
      await readRaw(bench, deadLetterTopic(topic), 1);
    },
  );
}

integrationTest(
  "consume ends before the first message when its dead letters can't have a topic, unless it stops at bad messages",
  async (bench) => {
    const { config } = bench;
    const long = bench.topic.padEnd(246, "x");
    await makeTopic({ ...bench, topic: long }, 1);
    const other = `${bench.topic}.b`;
    await makeTopic({ ...bench, topic: other }, 1);
    await makeTopic({ ...bench, topic: `${bench.topic}.b_dlq` }, 1);
    for (const topic of [long, other]) {
      const { code, stdout, stderr } = await consume({ ...bench, topic }, [
        "--idle-exit=0.5",
      ]);
      assertEquals(code, 1);
      assertMatch(
        stderr,
        /Error: The topic for dead letters, '\S+\.dlq', can't be created: Kafka refuses its name\n {2}A name has at most 249/,
      );
      assert(!stdout.includes("Listening"), stdout);
      const stops = await consume({ ...bench, topic }, [
        "--idle-exit=0.5",
        "--on-error=stop",
      ]);
      assertEquals(stops.code, 0, stops.stderr);
    }
    await withAdmin(
      config,
      {},
      (admin) =>
        admin.deleteTopics({ topics: [long, other, `${bench.topic}.b_dlq`] }),
    );
  },
);

integrationTest(
  "dlq replay sends back an order whose schema was not there, and it is consumed once the registry has it",
  async (bench) => {
    const { config, topic } = bench;
    await makeTopic(bench, 1);
    // The registry counts its ids, and others may take some: one of these will be ours.
    const last = await registerSchema(bench, "first");
    const orders = Array.from({ length: 100 }, () => makeOrder());
    await sendRaw(
      config,
      topic,
      orders.map((order, i) => ({
        partition: 0,
        key: "k",
        value: Buffer.from(frame(last + 1 + i, JSON.stringify(order))),
      })),
    );
    const before = await consume(bench, ["--idle-exit=0.5", "--json"]);
    assertEquals(before.code, 0);
    const wanted = await registerSchema(bench, "later");
    const letters = await listJson(bench);
    const letter = letters.find(({ origin }) =>
      origin?.offset === String(wanted - last - 1)
    );
    assertEquals(
      letter?.reason,
      `The registry has no schema with the id ${wanted}`,
    );
    assertEquals((await dlq(bench, ["replay", "--json"])).code, 0);
    const mended = await consume(bench, ["--idle-exit=0.5", "--json"]);
    assertEquals(mended.code, 0);
    const order = orders[wanted - last - 1];
    assert(order, `The id ${wanted} lies beyond those that were tried`);
    assertEquals(
      parseRecords(mended.stdout)
        .filter(({ event }) => event.event_id === order.event_id)
        .map(({ key, event }) => ({ key, event })),
      [{ key: "k", event: order }],
    );
    const again = (await listJson(bench))
      .filter(({ value }) => value === letter?.value);
    assertEquals(again.length, 1);
  },
);

integrationTest(
  "dlq replay names what it can't send back, goes on, and ends with exit code 1; the list doesn't call it replayed",
  async (bench) => {
    const { config, topic } = bench;
    await makeTopic(bench, 2);
    const letters = deadLetterTopic(topic);
    await makeTopic({ ...bench, topic: letters }, 1);
    const from = (origin: string, partition: string) => ({
      "__connect.errors.topic": origin,
      "__connect.errors.partition": partition,
      "__connect.errors.offset": "0",
    });
    await sendRaw(config, letters, [
      { key: "none", value: "a" },
      { key: "foreign", value: "b", headers: from("other", "0") },
      { key: "binary", value: "c", headers: from(topic, "\0\0\0\x01") },
      // From when the topic had more partitions: kafkajs would drop it in silence.
      { key: "beyond", value: "d", headers: from(topic, "7") },
    ]);
    const { code, stdout, stderr } = await dlq(bench, ["replay"]);
    assertEquals(code, 1);
    assertEquals(
      stderr,
      [0, 1, 2].map((offset) =>
        `Can't replay ${letters} [0] offset=${offset}: it is a whole batch, or its headers don't say that it comes from '${topic}'\n`
      ).join(""),
    );
    assertEquals(
      stdout,
      `Replayed: ${topic}/7/0 to ${topic} [1] offset=0\n` +
        `1 dead letter was sent back to '${topic}'; 3 left.\n`,
    );
    const [back] = await readRaw(bench, topic, 1);
    assertEquals(keyText(back?.key), "beyond");
    assertEquals((await listJson(bench)).map((one) => one.replayed), [
      false,
      false,
      false,
      true,
    ]);

    await withAdmin(
      config,
      {},
      (admin) => admin.deleteTopics({ topics: [topic] }),
    );
    const gone = await dlq(bench, ["replay"]);
    assertEquals(gone, {
      code: 1,
      stdout: "",
      stderr: `Error: Topic '${topic}' does not exist\n` +
        `  Create it with \`deno task topic --topic ${topic}\`.\n`,
    });
  },
);

integrationTest(
  "consume --on-error stop ends at the first message that can't be read, every time, with all before it committed",
  async (bench) => {
    const { config, topic } = bench;
    await makeTopic(bench, 1);
    const [good = null] = await encodeOrders(bench, [makeOrder()]);
    const bad = Buffer.from("garbage");
    await sendRaw(
      config,
      topic,
      [good, good, good, bad, good].map((value) => ({ key: null, value })),
    );
    for (const expected of [["0", "1", "2"], []]) {
      const { code, stdout, stderr } = await consume(bench, [
        "--on-error=stop",
        "--idle-exit=5",
        "--json",
      ]);
      assertEquals(code, 1);
      assertEquals(parseRecords(stdout).map(({ offset }) => offset), expected);
      assertEquals(
        withoutDuration(stderr),
        `Consumed ${expected.length} events; stopped before the rest.\n` +
          `Error: Can't read message ${topic} [0] offset=3: The magic byte is 0x67 and not 0x00\n` +
          "  With --on-error dlq it is kept in the dead-letter topic, and the rest goes on.\n",
      );
      assertEquals(await committedOffsets(bench), { 0: 3 });
    }
    await withAdmin(config, {}, async (admin) => {
      const topics = await admin.listTopics();
      assert(!topics.includes(deadLetterTopic(topic)), "It was kept");
    });
    const stopped = await consume(bench, ["--on-error=stop"]);
    assertEquals(stopped.stdout.split("\n").slice(-4), [
      "Shutting down consumer...",
      "Closing consumer...",
      "Consumer closed. Total messages consumed: 0",
      "",
    ]);
    const { code, stdout } = await consume(bench, [
      "--idle-exit=0.5",
      "--json",
    ]);
    assertEquals(code, 0);
    assertEquals(parseRecords(stdout).map(({ offset }) => offset), ["4"]);
    assertEquals(await committedOffsets(bench), { 0: 5 });
  },
);

integrationTest(
  "consume shows a tombstone, commits it, and keeps no letter of it",
  async (bench) => {
    const { config, topic } = bench;
    await makeTopic(bench, 1);
    await sendRaw(config, topic, [
      { key: "charlie_davis", value: null },
      { key: null, value: null },
    ]);
    const { code, stdout, stderr } = await consume(bench, [
      "--idle-exit=0.5",
      "--json",
    ]);
    assertEquals({ code, stdout }, { code: 0, stdout: "" });
    assertEquals(
      stderr,
      `Tombstone: ${topic} [0] offset=0 (key charlie_davis)\n` +
        `Tombstone: ${topic} [0] offset=1 (no key)\n`,
    );
    assertEquals(await committedOffsets(bench), { 0: 2 });
    assertEquals(await listJson(bench), []);
  },
);
