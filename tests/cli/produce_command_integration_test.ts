/**
 * Tests of `deno task produce` as a process of its own, against a real Kafka and a real registry.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertStringIncludes,
} from "@std/assert";
import { type Order, orders } from "../../lib/events/order.ts";
import { freePorts } from "../../lib/engine/ports.ts";
import { withAdmin } from "../support/kafkajs.ts";
import { withoutDuration, withoutWait } from "../support/captured_output.ts";
import { type Bench, integrationTest } from "../support/integration.ts";
import { PATIENCE_MS } from "../support/patience.ts";
import {
  runTaskProcess,
  type TaskOptions,
  TaskProcess,
} from "../support/task_process.ts";
import {
  consumeJson,
  type JsonRecord,
  makeOrder,
  makeTopic,
  parseRecords,
  sendRaw,
} from "../support/topics.ts";
import { scratchFolder } from "../support/scratch_folder.ts";

/** A file that is there on every Unix, outside the checkout. */
const OUTSIDE = "/etc/hosts";

function produce(
  { config, topic }: Bench,
  args: readonly string[],
  options?: TaskOptions,
) {
  return runTaskProcess(
    config,
    "produce",
    [`--topic=${topic}`, ...args],
    options,
  );
}

/** How many messages a topic holds. */
async function sizeOf({ config, topic }: Bench): Promise<number> {
  return await withAdmin(config, {}, async (admin) => {
    const offsets = await admin.fetchTopicOffsets(topic);
    return offsets.reduce((sum, { high }) => sum + Number(high), 0);
  });
}

function sendingLine(number: number, event: Order): string {
  const { customer_name, drink_name, quantity, amount, is_member } = event;
  return `Event ${number}: ${customer_name} ordered ${quantity}x ${drink_name} ` +
    `($${amount.toFixed(2)} CAD) - Member: ${is_member ? "True" : "False"}`;
}

function deliveredLine({ topic, partition, offset }: JsonRecord): string {
  return `Delivered: ${topic} [${partition}] offset=${offset}`;
}

/** The same but for their time. */
function withoutTime(records: readonly JsonRecord[]) {
  return records.map(({ event: { ts_utc: _, ...order }, key, partition }) => ({
    order,
    key,
    partition,
  })).sort((a, b) => a.order.event_id.localeCompare(b.order.event_id));
}

integrationTest(
  "produce sends 5 random orders 200 ms apart, and prints where Kafka has them",
  async (bench) => {
    const { topic } = bench;
    await makeTopic(bench);
    const { code, stdout, stderr } = await produce(bench, []);
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    const lines = stdout.split("\n");
    assertEquals(lines.slice(0, 3), [
      "Starting Cafe Event Producer with Schema Registry...",
      `Generating and sending 5 random customer events to topic '${topic}'...`,
      "",
    ]);
    assertEquals(lines.slice(-4), [
      "",
      "Flushing remaining messages...",
      "All messages sent successfully!",
      "",
    ]);
    assertEquals(lines.length, 3 + 5 + 5 + 4);

    const records = (await consumeJson(bench, 5)).sort((a, b) =>
      a.event.ts_utc.localeCompare(b.event.ts_utc)
    );
    let last = 2;
    for (const [i, record] of records.entries()) {
      const sending = lines.indexOf(sendingLine(i + 1, record.event));
      assert(sending > last, `Event ${i + 1} is missing or late:\n${stdout}`);
      const delivered = lines.indexOf(deliveredLine(record));
      assert(delivered > sending, `Delivered before it was sent:\n${stdout}`);
      last = sending;
    }
    const times = records.map(({ event }) => Date.parse(event.ts_utc));
    for (const [i, time] of times.slice(1).entries()) {
      const apart = time - (times[i] ?? 0);
      assert(apart >= 195, `Events ${apart} ms apart`);
    }
    assert(records.every(({ key, event }) => key === orders.key(event)));
  },
);

integrationTest(
  "produce --json prints nothing but one object for each order, and --seed repeats them",
  async (bench) => {
    await makeTopic(bench);
    const args = ["--count=4", "--interval=0", "--json"];
    const [first, again, other] = await Promise.all([
      produce(bench, [...args, "--seed=7"]),
      produce(bench, [...args, "--seed=7"]),
      produce(bench, [...args, "--seed=8"]),
    ]);
    for (const { code, stderr } of [first, again, other]) {
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
    }
    const printed = parseRecords(first.stdout);
    assertEquals(printed.length, 4);
    for (const record of printed) {
      assertEquals(Object.keys(record), [
        "topic",
        "partition",
        "offset",
        "timestamp",
        "key",
        "event",
      ]);
      assertMatch(record.timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    }
    assertEquals(
      withoutTime(parseRecords(again.stdout)),
      withoutTime(printed),
    );
    assertNotEquals(
      withoutTime(parseRecords(other.stdout)),
      withoutTime(printed),
    );
    const inTopic = await consumeJson(bench, 12);
    for (const record of printed) {
      assertEquals(
        inTopic.find(({ partition, offset }) =>
          partition === record.partition && offset === record.offset
        ),
        record,
      );
    }
  },
);

integrationTest(
  "produce --quiet leaves out the lines for each order, whatever the acks",
  async (bench) => {
    const { topic } = bench;
    await makeTopic(bench);
    const args = ["--count=3", "--interval=0"];
    const [all, none] = await Promise.all([
      produce(bench, [...args, "--acks=all", "--quiet"]),
      produce(bench, [...args, "--acks=0"]),
    ]);
    const opening = "Starting Cafe Event Producer with Schema Registry...\n" +
      `Generating and sending 3 random customer events to topic '${topic}'...\n\n`;
    const closing =
      "Flushing remaining messages...\nAll messages sent successfully!\n";
    assertEquals({ ...all, stderr: withoutDuration(all.stderr) }, {
      code: 0,
      stdout: opening + closing,
      stderr: "Delivered 3 events.\n",
    });
    assertEquals({ code: none.code, stderr: none.stderr }, {
      code: 0,
      stderr: "",
    });
    assertEquals(
      none.stdout.match(/^Sent: .*$/gm)?.map((line) =>
        line.replace(/\[\d\]/, "[n]")
      ),
      Array(3).fill(`Sent: ${topic} [n] (acks 0: the broker doesn't answer)`),
    );
    // With acks 0 the orders are under way when the task ends: this waits for them.
    assertEquals((await consumeJson(bench, 6)).length, 6);
  },
);

integrationTest(
  "produce --partitioner murmur2 puts a customer where Java's clients do, and crc32 where librdkafka does",
  async (bench) => {
    await makeTopic(bench);
    const names = ["Diana Martinez", "Charlie Davis", "Bob Smith", "Grace Lee"];
    const input = names.map((customer_name) =>
      `${JSON.stringify(makeOrder({ customer_name }))}\n`
    ).join("");
    const args = ["--file=-", "--json"];
    const [crc32, murmur2] = await Promise.all([
      produce(bench, args, { input }),
      produce(bench, [...args, "--partitioner=murmur2"], { input }),
    ]);
    const partitions = (stdout: string) =>
      Object.fromEntries(
        parseRecords(stdout).map(({ key, partition }) => [key, partition]),
      );
    const byCrc32 = partitions(crc32.stdout);
    assertEquals(byCrc32["diana_martinez"], 1);
    assertEquals(byCrc32["charlie_davis"], 0);
    assertEquals(byCrc32["bob_smith"], 2);

    // kafkajs' own default partitioner is Java's.
    const java = { ...bench, topic: `${bench.topic}-java` };
    await makeTopic(java);
    await sendRaw(
      bench.config,
      java.topic,
      names.map((name) => ({
        key: name.toLowerCase().replace(" ", "_"),
        value: "",
      })),
    );
    const counts = await withAdmin(bench.config, {}, async (admin) => {
      const offsets = await admin.fetchTopicOffsets(java.topic);
      return offsets.sort((a, b) => a.partition - b.partition).map((
        { high },
      ) => Number(high));
    });
    const byMurmur2 = Object.values(partitions(murmur2.stdout));
    assertEquals(
      counts,
      [0, 1, 2].map((n) => byMurmur2.filter((p) => p === n).length),
    );
    assertNotEquals(partitions(murmur2.stdout), byCrc32);
  },
);

/** A file in the checkout, where the task may read; removed at the end. */
async function withFile(
  content: Uint8Array,
  work: (path: string) => Promise<void>,
): Promise<void> {
  await using folder = await scratchFolder();
  const path = `${folder.path}/orders.ndjson`;
  await Deno.writeFile(path, content);
  await work(path);
}

integrationTest(
  "produce --file sends the valid lines, names the others, and makes the same ids when it is sent twice",
  async (bench) => {
    const { topic } = bench;
    await makeTopic(bench);
    const { event_id: _id, ts_utc: _time, ...bare } = makeOrder();
    const named = makeOrder({ customer_name: "Diana Martinez" });
    const order = (changes: object) => JSON.stringify({ ...bare, ...changes });
    const text = (lines: string) => new TextEncoder().encode(lines);
    const blob = new Blob([
      text("\ufeff" + order({ drink_name: "With a mark" }) + "\n"), // 1
      text(JSON.stringify(named) + "\r\n"), // 2
      text("\n \t\r\n"), // 3 and 4 are blank
      text(order({ quantity: 0, amount: "3" }) + "\n"), // 5
      text('{"customer_name": \n'), // 6
      text("[]\n"), // 7
      text('{"drink_name":"'),
      new Uint8Array([0xff, 0xfe]),
      text('"}\n'), // 8
      text(order({ drink_name: "x".repeat(1_048_576) }) + "\n"), // 9
      text(order({ drink_name: "\x1b[2J" }).replace("\\u001b", "\x1b") + "\n"), // 10
      text(order({ is_member: "yes" }) + "\n"), // 11
      text(order({ drink_name: "No break at the end" })), // 12
    ]);
    await withFile(await blob.bytes(), async (path) => {
      const first = await produce(bench, [`--file=${path}`]);
      const again = await produce(bench, [`--file=${path}`, "--json"]);
      assertEquals(first.stdout.split("\n").slice(0, 3), [
        "Starting Cafe Event Producer with Schema Registry...",
        `Sending the customer events of '${path}' to topic '${topic}'...`,
        "",
      ]);
      assertEquals(first.stdout.match(/^Event \d+: /gm), [
        "Event 1: ",
        "Event 2: ",
        "Event 3: ",
      ]);
      assertEquals(first.stdout.match(/^Delivered: /gm)?.length, 3);
      assert(!first.stdout.includes("successfully"), first.stdout);
      const stderr = withoutDuration(first.stderr);
      assertEquals({ code: first.code, stderr: stderr.split("\n") }, {
        code: 1,
        stderr: [
          'Line 5 was not sent: Not a valid order: quantity must be >= 1: 0; amount must be number: "3"',
          "Line 6 was not sent: The payload is not JSON: Unexpected end of JSON input",
          "Line 7 was not sent: Not a valid order: the event must be object",
          "Line 8 was not sent: The payload is not UTF-8",
          "Line 9 was not sent: The line is longer than 1048576 bytes",
          "Line 10 was not sent: The payload is not JSON: Bad control character in string literal at column 48",
          'Line 11 was not sent: Not a valid order: is_member must be boolean: "yes"',
          "Delivered 3 of 10 events; 7 not valid.",
          "",
        ],
      });
      assertEquals(again.code, 1);
      assertEquals(withoutDuration(again.stderr), stderr);
      assertEquals(parseRecords(again.stdout).length, 3);

      const records = await consumeJson(bench, 6);
      const of = (drink: string) =>
        records.filter(({ event }) => event.drink_name === drink);
      for (const drink of ["With a mark", "No break at the end"]) {
        const [one, two] = of(drink);
        assertMatch(
          one?.event.event_id ?? "",
          /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-/,
        );
        assertEquals(two?.event.event_id, one?.event.event_id);
        const age = Date.now() - Date.parse(one?.event.ts_utc ?? "");
        assert(age >= 0 && age < PATIENCE_MS, `ts_utc is ${age} ms old`);
      }
      assertNotEquals(
        of("With a mark")[0]?.event.event_id,
        of("No break at the end")[0]?.event.event_id,
      );
      assertEquals(of("Cold Brew").map(({ event }) => event), [named, named]);
    });
  },
);

integrationTest(
  "produce --file - delivers an order while its input is still open, and stops on SIGTERM",
  async (bench) => {
    const { config, topic } = bench;
    await makeTopic(bench);
    const line = () => `${JSON.stringify(makeOrder())}\n`;
    await using task = new TaskProcess(config, "produce", [
      `--topic=${topic}`,
      "--file=-",
    ], { keepInputOpen: true });
    await task.write(line());
    await task.until(/^Delivered: .* offset=0$/m);
    assertEquals(await sizeOf(bench), 1);
    // Half a line, and the rest after the delivery of what stands before it.
    const third = line();
    await task.write(line() + third.slice(0, 40));
    await task.until(/^Delivered: .* offset=1$/m);
    await task.write(third.slice(40));
    await task.until(/^Delivered: .* offset=2$/m);
    task.signal("SIGTERM");
    const { code, stdout, stderr } = await task.end();
    assertEquals({ code, stderr: withoutDuration(stderr) }, {
      code: 0,
      stderr: "Delivered 3 events; stopped before the rest.\n",
    });
    assertStringIncludes(
      stdout,
      `Sending the customer events of standard input to topic '${topic}'...`,
    );
    assertEquals(stdout.split("\n").slice(-3), [
      "",
      "Flushing remaining messages...",
      "",
    ]);
    assertEquals(await sizeOf(bench), 3);
  },
);

integrationTest(
  "produce sends nothing and says so when its file is empty, or when no input came before a stop",
  async (bench) => {
    const { config, topic } = bench;
    await makeTopic(bench);
    const empty = await produce(bench, ["--file=-"], { input: "\n" });
    assertEquals({ code: empty.code, stderr: empty.stderr }, {
      code: 0,
      stderr: "",
    });
    assertEquals(empty.stdout.split("\n").slice(-3), [
      "Flushing remaining messages...",
      "No events to send.",
      "",
    ]);
    await using task = new TaskProcess(config, "produce", [
      `--topic=${topic}`,
      "--file=-",
    ], { keepInputOpen: true });
    await task.until(/^Sending /m);
    task.signal("SIGTERM");
    const { code, stdout, stderr } = await task.end();
    assertEquals({ code, stderr: withoutDuration(stderr) }, {
      code: 0,
      stderr: "Delivered 0 events; stopped before the rest.\n",
    });
    assert(!stdout.includes("sent"), stdout);
    assertEquals(await sizeOf(bench), 0);
  },
);

integrationTest(
  "produce --count takes so many lines of a file and no more",
  async (bench) => {
    await makeTopic(bench);
    const input = Array.from(
      { length: 5 },
      () => `${JSON.stringify(makeOrder())}\n`,
    ).join("");
    const { code, stdout, stderr } = await produce(bench, [
      "--file=-",
      "--count=2",
      "--json",
    ], { input });
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    assertEquals(parseRecords(stdout).length, 2);
    assertEquals(await sizeOf(bench), 2);
  },
);

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  integrationTest(
    `produce ends with all that it sent delivered and an account of it on ${signal}`,
    async (bench) => {
      const { config, topic } = bench;
      await makeTopic(bench);
      await using task = new TaskProcess(config, "produce", [
        `--topic=${topic}`,
        "--count=1000",
        "--interval=20",
      ]);
      await task.until(/^Event 5: /m);
      task.signal(signal);
      const { code, stdout, stderr } = await task.end();
      const sent = stdout.match(/^Event \d+: /gm)?.length ?? 0;
      assertEquals({ code, stderr: withoutDuration(stderr) }, {
        code: 0,
        stderr: `Delivered ${sent} of 1,000 events; stopped before the rest.\n`,
      });
      assertEquals(stdout.split("\n").slice(-3), [
        "",
        "Flushing remaining messages...",
        "",
      ]);
      assert(sent >= 5 && sent < 1000, `${sent} sent`);
      assertEquals(stdout.match(/^Delivered: /gm)?.length, sent);
      assertEquals(await sizeOf(bench), sent);
    },
  );
}

integrationTest(
  "produce refuses a topic that doesn't exist, and does not create it",
  async (bench) => {
    const { config, topic } = bench;
    const { code, stderr } = await produce(bench, []);
    assertEquals({ code, stderr }, {
      code: 1,
      stderr: `Error: Topic '${topic}' does not exist\n` +
        `  Create it with \`deno task topic --topic ${topic}\`.\n`,
    });
    const topics = await withAdmin(config, {}, (admin) => admin.listTopics());
    assert(!topics.includes(topic));
  },
);

integrationTest(
  "produce says which file it can't read, and what to do",
  async (bench) => {
    await makeTopic(bench);
    const run = (path: string) => produce(bench, [`--file=${path}`]);
    const [outside, missing, folder] = await Promise.all([
      run(OUTSIDE),
      run("no/such/orders.ndjson"),
      run("tests"),
    ]);
    assertEquals(outside, {
      code: 1,
      stdout: "",
      stderr: `Error: No permission to read ${OUTSIDE}\n` +
        `  Pipe it in: write - in its place, and < ${OUTSIDE} behind the command.\n`,
    });
    assertEquals(missing, {
      code: 1,
      stdout: "",
      stderr: "Error: No such file: no/such/orders.ndjson\n",
    });
    assertEquals(folder, {
      code: 1,
      stdout: "",
      stderr: "Error: Not a file but a folder: tests\n",
    });
  },
);

integrationTest(
  "produce says what it can't reach: Kafka, or the registry",
  async (bench) => {
    await makeTopic(bench);
    const [port] = freePorts(1);
    const nowhere = `localhost:${port}`;
    const reach = { reach: [nowhere] };
    const [kafka, registry] = await Promise.all([
      produce(bench, [`--brokers=${nowhere}`, "--timeout=20"], reach),
      produce(bench, [`--registry=http://${nowhere}`, "--timeout=20"], reach),
    ]);
    assertEquals({ code: kafka.code, stderr: withoutWait(kafka.stderr) }, {
      code: 1,
      stderr: `Waiting for Kafka at ${nowhere} (up to N s)...\n` +
        `Error: Connecting failed: Kafka can't be reached at ${nowhere}\n` +
        "  Start it with `deno task up`, or name another with --brokers or KAFKA_BROKERS.\n  `deno task doctor` looks further.\n",
    });
    const told = withoutWait(registry.stderr);
    assertEquals({ code: registry.code, stderr: told }, {
      code: 1,
      stderr:
        `Waiting for the Schema Registry at http://${nowhere} (up to N s)...\n` +
        `Error: The Schema Registry can't be reached at http://${nowhere}\n` +
        "  Start it with `deno task up`, or name another with --registry or SCHEMA_REGISTRY_URL.\n  `deno task doctor` looks further.\n",
    });
    assertEquals(await sizeOf(bench), 0);
  },
);

integrationTest(
  "produce says what it was not allowed to reach",
  async (bench) => {
    await makeTopic(bench);
    const [port] = freePorts(1);
    const elsewhere = `localhost:${port}`;
    const [kafka, registry] = await Promise.all([
      produce(bench, [`--brokers=${elsewhere}`, "--timeout=0"]),
      produce(bench, [`--registry=http://${elsewhere}`, "--timeout=0"]),
    ]);
    assertEquals({ code: kafka.code, stderr: kafka.stderr }, {
      code: 1,
      stderr: `Error: No permission to reach ${elsewhere}\n` +
        `  Add ${elsewhere} to "permissions.pipeline.net" in deno.json.\n`,
    });
    assertEquals({ code: registry.code, stderr: registry.stderr }, {
      code: 1,
      stderr: `Error: No permission to reach ${elsewhere}\n` +
        `  Add ${elsewhere} to "permissions.pipeline.net" in deno.json.\n`,
    });
  },
);
