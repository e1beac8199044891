/**
 * Tests of `deno task consume` as a process of its own, against a real Kafka and a real registry.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { freePorts } from "../../lib/engine/ports.ts";
import { withAdmin } from "../support/kafkajs.ts";
import { EventRegistry } from "../../lib/registry/registry.ts";
import { requestRegistry } from "../../lib/registry/transport.ts";
import { frame } from "../../lib/events/wire_format.ts";
import { withoutDuration, withoutWait } from "../support/captured_output.ts";
import { type Bench, integrationTest } from "../support/integration.ts";
import {
  runTaskProcess,
  type TaskOptions,
  TaskProcess,
} from "../support/task_process.ts";
import {
  committedOffsets,
  encodeOrders,
  makeOrder,
  makeTopic,
  parseRecords,
  sendRaw,
} from "../support/topics.ts";
import { STOP_LIMIT_MS } from "../support/patience.ts";

const CLOSING = ["Shutting down consumer...", "Closing consumer..."];

function argsOf({ topic, group }: Bench, args: readonly string[]): string[] {
  return [`--topic=${topic}`, `--group=${group}`, ...args];
}

function consume(
  bench: Bench,
  args: readonly string[],
  options?: TaskOptions,
) {
  return runTaskProcess(
    bench.config,
    "consume",
    argsOf(bench, args),
    options,
  );
}

/** Sends so many orders to each of the partitions, numbered by their drink. */
async function sendOrders(
  bench: Bench,
  count: number,
  partitions: readonly number[] = [0],
  drink = "Latte",
): Promise<void> {
  const orders = Array.from(
    { length: count },
    (_, n) => makeOrder({ drink_name: `${drink} ${n}` }),
  );
  const values = await encodeOrders(bench, orders);
  await sendRaw(
    bench.config,
    bench.topic,
    values.flatMap((value) =>
      partitions.map((partition) => ({
        partition,
        key: "charlie_davis",
        value,
      }))
    ),
  );
}

/** What the blocks show: by partition, the offset behind the last one. */
function shownOffsets(stdout: string): Record<number, number> {
  const shown: Record<number, number> = {};
  for (
    const [, partition, offset] of stdout.matchAll(
      /Partition: (\d+) \| Offset: (\d+)$/gm,
    )
  ) {
    shown[Number(partition)] = Number(offset) + 1;
  }
  return shown;
}

integrationTest(
  "consume prints each order in full, in local time, with nothing in it that moves the cursor",
  async (bench) => {
    const { config, topic, group } = bench;
    await makeTopic(bench, 1);
    const plain = makeOrder({
      event_id: "d19fc126-039e-445e-a159-38d1ef21c70f",
    });
    const hostile = makeOrder({
      event_id: "00000000-0000-4000-8000-000000000000",
      customer_name: "\x1b]0;owned\x07\x1b[2J\u202eDiana\r\n\x9bMessage #9",
      drink_name: "Caf\u00e9 \u{1f375}\u2028",
      quantity: 1,
      amount: 4,
      is_member: true,
    });
    const [first, second] = await encodeOrders(bench, [plain, hostile]);
    const timestamp = String(Date.UTC(2026, 1, 3, 2, 16, 55, 763));
    await sendRaw(config, topic, [
      { key: "charlie_davis", value: first ?? null, timestamp },
      { key: "\x1b[2J", value: second ?? null, timestamp },
    ]);
    const [text, json] = await Promise.all([
      consume(bench, ["--count=2"], { env: { TZ: "America/Toronto" } }),
      consume({ ...bench, group: `${group}-json` }, ["--count=2", "--json"]),
    ]);
    assertEquals({ code: text.code, stderr: text.stderr }, {
      code: 0,
      stderr: "",
    });
    assertEquals(text.stdout.split("\n"), [
      "Starting Cafe Event Consumer with Schema Registry...",
      `Listening to topic '${topic}' (group: ${group})...`,
      "Press Ctrl+C to stop",
      "",
      "=".repeat(80),
      "Message #1",
      "        ├─ Partition: 0 | Offset: 0",
      "        ├─ Kafka Timestamp: 2026-02-02 21:16:55",
      "        ├─ Event ID: d19fc126-039e-445e-a159-38d1ef21c70f",
      "        ├─ Customer: Charlie Davis (Non-Member)",
      "        ├─ Order: 2x Cold Brew",
      "        ├─ Amount: $10.50",
      "        └─ Event Time (UTC): 2026-02-03T02:16:55.763294+00:00",
      "-".repeat(80),
      "Message #2",
      "        ├─ Partition: 0 | Offset: 1",
      "        ├─ Kafka Timestamp: 2026-02-02 21:16:55",
      "        ├─ Event ID: 00000000-0000-4000-8000-000000000000",
      "        ├─ Customer: \\u001b]0;owned\\u0007\\u001b[2J\\u202eDiana\\u000d\\u000a\\u009bMessage #9 (Member)",
      "        ├─ Order: 1x Café 🍵\\u2028",
      "        ├─ Amount: $4.00",
      "        └─ Event Time (UTC): 2026-02-03T02:16:55.763294+00:00",
      "-".repeat(80),
      ...CLOSING,
      "Consumer closed. Total messages consumed: 2",
      "",
    ]);
    assertEquals({ code: json.code, stderr: json.stderr }, {
      code: 0,
      stderr: "",
    });
    assertMatch(json.stdout, /^[\n\x20-\x7e\u00e9\u{1f375}]*$/u);
    const place = {
      topic,
      partition: 0,
      timestamp: "2026-02-03T02:16:55.763Z",
    };
    assertEquals(parseRecords(json.stdout), [
      { ...place, offset: "0", key: "charlie_davis", event: plain },
      { ...place, offset: "1", key: "\x1b[2J", event: hostile },
    ]);
  },
);

integrationTest(
  "consume --count commits exactly what it showed, and the group resumes there",
  async (bench) => {
    await makeTopic(bench);
    await sendOrders(bench, 4, [0, 1, 2]);
    const first = await consume(bench, ["--count=5"]);
    assertEquals({ code: first.code, stderr: first.stderr }, {
      code: 0,
      stderr: "",
    });
    assertEquals(first.stdout.split("\n").slice(-4), [
      ...CLOSING,
      "Consumer closed. Total messages consumed: 5",
      "",
    ]);
    const committed = await committedOffsets(bench);
    const sum = Object.values(committed).reduce((a, b) => a + b, 0);
    assertEquals(sum, 5);
    for (
      const [partition, next] of Object.entries(shownOffsets(first.stdout))
    ) {
      assertEquals(committed[Number(partition)], next);
    }

    const second = await consume(bench, ["--count=7", "--json"]);
    assertEquals({ code: second.code, stderr: second.stderr }, {
      code: 0,
      stderr: "",
    });
    const places = (records: readonly (readonly [number, number])[]) =>
      records.map(([partition, offset]) => `${partition}:${offset}`).sort();
    const shown = [
      ...first.stdout.matchAll(/Partition: (\d+) \| Offset: (\d+)$/gm),
    ].map(([, partition, offset]) =>
      [Number(partition), Number(offset)] as const
    );
    const rest = parseRecords(second.stdout).map(({ partition, offset }) =>
      [partition, Number(offset)] as const
    );
    assertEquals(
      places([...shown, ...rest]),
      places(
        [0, 1, 2].flatMap((p) => [0, 1, 2, 3].map((n) => [p, n] as const)),
      ),
    );
    assertEquals(await committedOffsets(bench), { 0: 4, 1: 4, 2: 4 });

    // Nothing is left: it waits, and leaves when nothing came for so long.
    const third = await consume(bench, ["--idle-exit=0.5"]);
    assertEquals({ code: third.code, stderr: third.stderr }, {
      code: 0,
      stderr: "",
    });
    assertEquals(third.stdout.split("\n").slice(3), [
      "",
      "=".repeat(80),
      ...CLOSING,
      "Consumer closed. Total messages consumed: 0",
      "",
    ]);
  },
);

integrationTest(
  "consume --idle-exit shows all that is there and then stops; --quiet leaves out the orders",
  async (bench) => {
    await makeTopic(bench);
    await sendOrders(bench, 3, [0, 1, 2]);
    const { code, stdout, stderr } = await consume(bench, [
      "--idle-exit=0.5",
      "--quiet",
    ]);
    assertEquals(code, 0);
    assertEquals(withoutDuration(stderr), "Consumed 9 events.\n");
    assertEquals(stdout.split("\n").slice(3), [
      "",
      "=".repeat(80),
      ...CLOSING,
      "Consumer closed. Total messages consumed: 9",
      "",
    ]);
    assertEquals(await committedOffsets(bench), { 0: 3, 1: 3, 2: 3 });
  },
);

integrationTest(
  "consume --from latest passes over what is there, but not what came while the group was away",
  async (bench) => {
    await makeTopic(bench, 1);
    await sendOrders(bench, 3, [0], "Before");
    const args = ["--from=latest", "--count=1", "--json"];
    await using task = new TaskProcess(
      bench.config,
      "consume",
      argsOf(bench, args),
    );
    // When the group has its place at the end can't be seen from outside: one order after the other, until one is shown.
    let ended = false;
    const end = task.end().finally(() => ended = true);
    end.catch(() => {});
    while (!ended) await sendOrders(bench, 1, [0], "After");
    const { code, stdout, stderr } = await end;
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    const [shown] = parseRecords(stdout);
    assertEquals(shown?.event.drink_name, "After 0");
    const next = Number(shown?.offset) + 1;
    assertEquals(await committedOffsets(bench), { 0: next });

    await sendOrders(bench, 1, [0], "While away");
    const second = await consume(bench, args);
    assertEquals(second.stderr, "");
    assertEquals(parseRecords(second.stdout)[0]?.offset, String(next));
  },
);

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  integrationTest(
    `consume has committed all that it showed when ${signal} ends it in full flow`,
    async (bench) => {
      await makeTopic(bench);
      const perPartition = 7_000;
      await sendOrders(bench, perPartition, [0, 1, 2]);
      const signalled = async (bench: Bench) => {
        await using task = new TaskProcess(
          bench.config,
          "consume",
          argsOf(bench, []),
        );
        await task.until(/^Message #30$/m);
        const signalledAt = Date.now();
        // As `deno task` does with what the terminal has sent to the whole group already: no second Ctrl+C.
        for (let times = 0; times < 3; times++) task.signal(signal);
        const ended = await task.end();
        return { ...bench, ...ended, took: Date.now() - signalledAt };
      };
      let run = await signalled(bench);
      // A machine that held it up between two signals has made the later one a second Ctrl+C.
      if (run.code === 130) {
        run = await signalled({ ...bench, group: `${bench.group}-again` });
      }
      const { code, stdout, stderr, took } = run;
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      assert(took < STOP_LIMIT_MS, `It took ${took} ms`);
      const shown = stdout.match(/^Message #\d+$/gm)?.length ?? 0;
      assert(shown < 3 * perPartition, "It was over before the signal came");
      assertEquals(stdout.split("\n").slice(-4), [
        ...CLOSING,
        `Consumer closed. Total messages consumed: ${shown}`,
        "",
      ]);
      const committed = await committedOffsets(run);
      const offsets = shownOffsets(stdout);
      for (const partition of [0, 1, 2]) {
        assertEquals(committed[partition] ?? 0, offsets[partition] ?? 0);
      }
    },
  );
}

integrationTest(
  "consume stops on a signal while it waits for orders, and leaves its group",
  async (bench) => {
    await makeTopic(bench);
    await sendOrders(bench, 1);
    await using task = new TaskProcess(
      bench.config,
      "consume",
      argsOf(bench, ["--json"]),
    );
    await task.until(/\n/);
    task.signal("SIGTERM");
    const { code, stdout, stderr } = await task.end();
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    assertEquals(parseRecords(stdout).length, 1);
    await withAdmin(bench.config, {}, async (admin) => {
      const { groups } = await admin.describeGroups([bench.group]);
      assertEquals(groups[0]?.state, "Empty");
    });
  },
);

integrationTest(
  "consume names every message that it can't read, consumes all others, and passes on",
  async (bench) => {
    const { config, topic } = bench;
    await makeTopic(bench, 1);
    const { url } = await EventRegistry.connect(config);
    const register = async (subject: string, body: object) => {
      const found = await requestRegistry(
        "post",
        `${url}/subjects/${topic}-${subject}/versions`,
        {
          body: JSON.stringify(body),
        },
      );
      return (found as { id: number }).id;
    };
    const avro = await register("avro", {
      schema: JSON.stringify({ type: "record", name: "Order", fields: [] }),
    });
    const other = await register("other", {
      schemaType: "JSON",
      schema: JSON.stringify({
        type: "object",
        properties: { table: { type: "integer" } },
        required: ["table"],
      }),
    });
    const [good = Buffer.alloc(0)] = await encodeOrders(bench, [makeOrder()]);
    const id = good.readUInt32BE(1);
    const framed = (json: unknown, schema = id) =>
      Buffer.from(frame(schema, JSON.stringify(json)));
    const unknown = 0x7fff_fff0;
    const beyond = Buffer.from(good);
    beyond.writeUInt32BE(0xffff_ffff, 1);
    const bad: readonly (readonly [Buffer, RegExp])[] = [
      [Buffer.alloc(0), /^The value is truncated: 0 bytes/],
      [good.subarray(0, 4), /^The value is truncated: 4 bytes/],
      [good.subarray(0, 5), /^The payload is not JSON$/],
      [good.subarray(0, -1), /^The payload is not JSON$/],
      [good.subarray(5), /^The magic byte is 0x7b and not 0x00$/],
      [
        Buffer.from(frame(unknown, good.subarray(5).toString())),
        new RegExp(`^The registry has no schema with the id ${unknown}$`),
      ],
      [beyond, /^No registry has a schema with the id 4294967295$/],
      [
        Buffer.concat([good.subarray(0, 5), Buffer.from([0x22, 0xff, 0x22])]),
        /^The payload is not UTF-8$/,
      ],
      [framed("an order"), /^Not a valid order: the event must be object$/],
      [
        framed({ ...makeOrder(), table: 7 }),
        /^Not a valid order: the event must NOT have additional properties: "table"$/,
      ],
      [
        framed({ ...makeOrder(), quantity: 0 }),
        /^Not a valid order: quantity must be >= 1: 0$/,
      ],
      [
        framed(makeOrder(), avro),
        new RegExp(`^Schema ${avro} is of type AVRO, and not a JSON Schema$`),
      ],
      [
        framed(makeOrder(), other),
        new RegExp(`^Not valid by schema ${other}: .*'table'`),
      ],
      [framed({ table: 4 }, other), /^Not a valid order: /],
    ];
    await sendRaw(config, topic, [
      { key: null, value: good },
      ...bad.flatMap(([value]) => [
        { key: Buffer.from([0xff, 0x00]), value },
        { key: "charlie_davis", value: good },
      ]),
      { key: "\x1b[2J", value: null },
      { key: null, value: good },
    ]);

    const total = 1 + 2 * bad.length + 2;
    const { code, stdout, stderr } = await consume(bench, [
      "--event=order",
      `--count=${2 + bad.length}`,
      "--json",
    ]);
    assertEquals(code, 0);
    assertEquals(
      parseRecords(stdout).map(({ offset }) => Number(offset)),
      Array.from({ length: 2 + bad.length }, (_, n) => 2 * n),
    );
    const lines = withoutDuration(stderr).split("\n");
    assertEquals(lines.length, 2 * bad.length + 3, stderr);
    for (const [i, [, reason]] of bad.entries()) {
      const place = `Can't read message ${topic} [0] offset=${1 + 2 * i}: `;
      const line = lines[2 * i] ?? "";
      assertStringIncludes(line, place);
      assertMatch(line.slice(place.length), reason);
      assertEquals(
        lines[2 * i + 1],
        `  It is kept: ${topic}.dlq [0] offset=${i}`,
      );
    }
    // A message without a value says that its key is to be forgotten: it is no order, and nothing is wrong with it.
    assertEquals(lines.slice(-3), [
      `Tombstone: ${topic} [0] offset=${total - 2} (key \\u001b[2J)`,
      `Consumed ${
        2 + bad.length
      } events; set aside: ${bad.length} dead letters, 1 tombstone.`,
      "",
    ]);
    assertEquals(await committedOffsets(bench), { 0: total });
  },
);

integrationTest(
  "consume ends quietly when whoever reads its output has gone",
  async (bench) => {
    await makeTopic(bench, 1);
    const count = 3_000;
    await sendOrders(bench, count);
    await using task = new TaskProcess(
      bench.config,
      "consume",
      argsOf(bench, []),
    );
    await task.until(/^Message #1$/m);
    await task.closeOutput();
    const { code, stderr } = await task.end();
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    // What nobody saw comes again.
    const { 0: committed = 0 } = await committedOffsets(bench);
    assert(committed < count, `${committed} committed`);
  },
);

integrationTest(
  "consume delivers again what a crash left uncommitted, and loses nothing",
  async (bench) => {
    await makeTopic(bench, 1);
    const count = 5_000;
    await sendOrders(bench, count);
    await using crashing = new TaskProcess(
      bench.config,
      "consume",
      argsOf(bench, ["--json"]),
    );
    await crashing.until(/"offset":"20"/);
    crashing.signal("SIGKILL");
    const { stdout: before } = await crashing.end();
    const shown = before.split("\n").length - 1;
    const { 0: committed = 0 } = await committedOffsets(bench);
    assert(shown < count, "It was over before it was killed");
    assert(committed <= shown, `${committed} committed, ${shown} shown`);

    const after = await consume(bench, [
      `--count=${count - committed}`,
      "--json",
    ]);
    assertEquals({ code: after.code, stderr: after.stderr }, {
      code: 0,
      stderr: "",
    });
    assertEquals(
      parseRecords(after.stdout).map(({ offset }) => Number(offset)),
      Array.from({ length: count - committed }, (_, n) => committed + n),
    );
  },
);

integrationTest(
  "consume says what is missing: the topic, Kafka, the registry, a permission",
  async (bench) => {
    const { topic } = bench;
    const there = { ...bench, topic: `${topic}-there` };
    await makeTopic(there);
    const [port, other] = freePorts(2);
    const nowhere = `localhost:${port}`;
    const elsewhere = `localhost:${other}`;
    const reach = { reach: [nowhere] };
    const [missing, kafka, registry, denied] = await Promise.all([
      consume(bench, []),
      consume(there, [`--brokers=${nowhere}`, "--timeout=20"], reach),
      consume(there, [`--registry=http://${nowhere}`, "--timeout=20"], reach),
      consume(there, [`--brokers=${elsewhere}`, "--timeout=20"]),
    ]);
    const failures = [missing, kafka, registry, denied];
    assertEquals(failures.map(({ code }) => code), [1, 1, 1, 1]);
    assertEquals(failures.map(({ stderr }) => withoutWait(stderr)), [
      `Error: Topic '${topic}' does not exist\n` +
      `  Did you mean '${there.topic}'?\n` +
      `  Create it with \`deno task topic --topic ${topic}\`.\n`,
      `Waiting for Kafka at ${nowhere} (up to N s)...\n` +
      `Error: Connecting failed: Kafka can't be reached at ${nowhere}\n` +
      "  Start it with `deno task up`, or name another with --brokers or KAFKA_BROKERS.\n  `deno task doctor` looks further.\n",
      `Waiting for the Schema Registry at http://${nowhere} (up to N s)...\n` +
      `Error: The Schema Registry can't be reached at http://${nowhere}\n` +
      "  Start it with `deno task up`, or name another with --registry or SCHEMA_REGISTRY_URL.\n  `deno task doctor` looks further.\n",
      `Error: No permission to reach ${elsewhere}\n` +
      `  Add ${elsewhere} to "permissions.pipeline.net" in deno.json.\n`,
    ]);
    const topics = await withAdmin(
      bench.config,
      {},
      (admin) => admin.listTopics(),
    );
    assert(!topics.includes(topic), "The missing topic was created");
  },
);
