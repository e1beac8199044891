/**
 * `--workers`: several threads of one task, each with connections of its own, against a real Kafka and a real registry.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { checkoutFolder } from "../lib/engine/paths.ts";
import { withAdmin } from "../lib/kafka.ts";
import { pause } from "../lib/pause.ts";
import { type ConsumeFlags, consumersFor } from "../lib/workers/consume.ts";
import { producerIdOf, readLog } from "./faults/support/topic_log.ts";
import { type Bench, integrationTest } from "./support/integration.ts";
import { runTaskProcess, TaskProcess } from "./support/task_process.ts";
import {
  committedOffsets,
  consumeJson,
  encodeOrders,
  type JsonRecord,
  makeOrder,
  makeTopic,
  parseRecords,
  sendRaw,
} from "./support/topics.ts";

const PARTITIONS = 4;
const CUSTOMERS = ["Ada Byron", "Bob Smith", "Chloé Dubois", "Dai Li", "Eve"];

function run(
  { config, topic, group }: Bench,
  task: "produce" | "consume",
  args: readonly string[],
) {
  const own = task === "consume" ? [`--group=${group}`] : [];
  return runTaskProcess(config, task, [`--topic=${topic}`, ...own, ...args], {
    deadlineMs: 60_000,
  });
}

/** Sends so many orders to each partition, with something that is no order behind each. */
async function fill(bench: Bench, count: number): Promise<Set<string>> {
  await makeTopic(bench, PARTITIONS);
  const orders = Array.from({ length: count * PARTITIONS }, () => makeOrder());
  const values = await encodeOrders(bench, orders);
  await sendRaw(
    bench.config,
    bench.topic,
    values.flatMap((value, i) => {
      const partition = i % PARTITIONS;
      return [
        { partition, key: "k", value },
        { partition, key: "k", value: "no order" },
      ];
    }),
  );
  return new Set(orders.map(({ event_id }) => event_id));
}

const idsOf = (records: readonly JsonRecord[]) =>
  records.map(({ event }) => event.event_id);

integrationTest(
  "consume --workers takes just as many orders as --count says, and the next run takes all the others, none twice",
  async (bench) => {
    const sent = await fill(bench, 500);
    const first = await run(bench, "consume", [
      "--workers=3",
      "--count=1234",
      "--json",
    ]);
    assertEquals(first.code, 0, first.stderr);
    const some = idsOf(parseRecords(first.stdout));
    assertEquals(some.length, 1_234);
    const second = await run(bench, "consume", [
      "--workers=2",
      "--idle-exit=2",
      "--json",
    ]);
    assertEquals(second.code, 0, second.stderr);
    const rest = idsOf(parseRecords(second.stdout));
    assertEquals(some.length + rest.length, sent.size);
    assertEquals(new Set([...some, ...rest]), sent);
  },
);

integrationTest(
  "consume --workers numbers what it shows once each, keeps each partition's order, and says its opening and closing lines once",
  async (bench) => {
    await fill(bench, 300);
    const { code, stdout, stderr } = await run(bench, "consume", [
      "--workers=5",
      "--idle-exit=2",
    ]);
    assertEquals(code, 0, stderr);
    // One more than there are partitions.
    assertMatch(stderr, /^This consumer has no partition/m);
    const blocks = [
      ...stdout.matchAll(
        /^Message #(\d+)\n +├─ Partition: (\d) \| Offset: (\d+)$/gm,
      ),
    ].map((match) => match.slice(1).map(Number));
    assertEquals(
      blocks.map(([number]) => number),
      Array.from({ length: 1_200 }, (_, i) => i + 1),
    );
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const offsets = blocks.filter(([, one]) => one === partition)
        .map(([, , offset]) => offset);
      assertEquals(offsets, offsets.toSorted((a = 0, b = 0) => a - b));
    }
    for (
      const line of [
        "Starting Cafe Event Consumer with Schema Registry...",
        "Shutting down consumer...",
        "Closing consumer...",
        "Consumer closed. Total messages consumed: 1200",
      ]
    ) {
      assertEquals(stdout.split(`${line}\n`).length, 2, line);
    }
    assert(
      stdout.endsWith(
        "\nShutting down consumer...\nClosing consumer...\n" +
          "Consumer closed. Total messages consumed: 1200\n",
      ),
    );
  },
);

integrationTest(
  "consume --workers --idle-exit keeps every thread in the group as long as one of them has something to do",
  async (bench) => {
    await makeTopic(bench, PARTITIONS);
    const [value] = await encodeOrders(bench, [makeOrder()]);
    const send = () =>
      sendRaw(bench.config, bench.topic, [
        { partition: 0, key: "k", value: value ?? null },
      ]);
    await send();
    await using task = new TaskProcess(bench.config, "consume", [
      `--topic=${bench.topic}`,
      `--group=${bench.group}`,
      "--workers=3",
      "--idle-exit=3",
      "--json",
    ], { deadlineMs: 60_000 });
    await task.until(/\n/);
    const started = Date.now();
    let sent = 1;
    for (; Date.now() - started < 6_000; sent++) {
      await pause(500);
      await send();
    }
    const members = await withAdmin(bench.config, {}, async (admin) => {
      const { groups: [group] } = await admin.describeGroups([bench.group]);
      return group?.members.length;
    });
    assertEquals(members, 3);
    const { code, stdout } = await task.end();
    assertEquals([code, parseRecords(stdout).length], [0, sent]);
  },
);

integrationTest(
  "consume --workers ends quietly when whoever read its output has gone",
  async (bench) => {
    await fill(bench, 200);
    await using task = new TaskProcess(bench.config, "consume", [
      `--topic=${bench.topic}`,
      `--group=${bench.group}`,
      "--workers=2",
      "--idle-exit=1",
      "--quiet",
    ]);
    await task.until(/Press Ctrl\+C to stop\n\n/);
    await task.closeOutput();
    const { code, stderr } = await task.end();
    const said = stderr.split("\n")
      .filter((line) =>
        line !== "" && !/^(Can't read| +It is kept)/.test(line)
      );
    assertEquals({ code, said }, { code: 0, said: [] });
  },
);

integrationTest(
  "consumersFor() gives a group with much to read several threads, and any other one",
  async (bench) => {
    const { config, topic, group } = bench;
    const signal = new AbortController().signal;
    const flags = {
      topic,
      group,
      from: "earliest",
      "on-error": "dlq",
      json: false,
      quiet: true,
      timeout: 10,
      debug: false,
    } as const;
    const of = (changes: Partial<ConsumeFlags> = {}, cores = 8) =>
      consumersFor({ ...flags, ...changes }, config, signal, cores);
    assertEquals(await of(), 1, "there is no such topic");
    await makeTopic(bench, 2);
    assertEquals(await of(), 1, "there is nothing to read");
    const { code } = await run(bench, "produce", [
      "--count=1000000",
      "--interval=0",
      "--quiet",
    ]);
    assertEquals(code, 0);
    assertEquals(await of(), 2);
    assertEquals(await of({ count: 999_999 }), 1);
    assertEquals(await of({ from: "latest" }), 1);
    assertEquals(await of({}, 2), 1);
  },
);

integrationTest(
  "consume --workers ends within 10 s on SIGTERM, with every order that it showed committed, and no other",
  async (bench) => {
    const sent = await fill(bench, 2_000);
    const args = [`--topic=${bench.topic}`, `--group=${bench.group}`];
    await using task = new TaskProcess(bench.config, "consume", [
      ...args,
      "--workers=2",
      "--json",
    ], { deadlineMs: 60_000 });
    await task.until(/\n/);
    task.signal("SIGTERM");
    const signalled = Date.now();
    const { code, stdout } = await task.end();
    assertEquals(code, 0);
    assert(Date.now() - signalled < 10_000);
    const shown = parseRecords(stdout);
    const committed = await committedOffsets(bench);
    for (const { partition, offset } of shown) {
      assert(Number(offset) < (committed[partition] ?? 0), "not committed");
    }
    const rest = await run(bench, "consume", [
      "--workers=2",
      "--idle-exit=2",
      "--json",
    ]);
    const ids = [...idsOf(shown), ...idsOf(parseRecords(rest.stdout))];
    assertEquals(ids.length, sent.size);
    assertEquals(new Set(ids), sent);
  },
);

integrationTest(
  "produce --workers sends as many random orders as --count says, and prints each once",
  async (bench) => {
    await makeTopic(bench, PARTITIONS);
    const { code, stdout, stderr } = await run(bench, "produce", [
      "--workers=3",
      "--count=2000",
      "--interval=0",
      "--idempotent",
    ]);
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    const numbers = [...stdout.matchAll(/^Event (\d+): /gm)]
      .map(([, number]) => Number(number));
    assertEquals(numbers, Array.from({ length: 2_000 }, (_, i) => i + 1));
    const places = [
      ...stdout.matchAll(/^Delivered: \S+ (\[\d\] offset=\d+)$/gm),
    ]
      .map(([, place]) => place);
    assertEquals(new Set(places).size, 2_000);
    assertMatch(
      stdout,
      /\nFlushing remaining messages\.\.\.\n(.*\n)*All messages sent successfully!\n$/,
    );
    assertEquals(stdout.split("Flushing").length, 2);
    const records = await consumeJson(bench, 2_000);
    assertEquals(new Set(idsOf(records)).size, 2_000);
    // The broker has given each thread's producer an id of its own.
    const log = await readLog(bench.config, bench.topic);
    assertEquals(new Set(log.map(producerIdOf)).size, 3);
  },
);

integrationTest(
  "produce --workers sends a file's orders, each customer's in the file's order, and names a bad line once",
  async (bench) => {
    await makeTopic(bench, PARTITIONS);
    const count = 3_000;
    const orders = Array.from({ length: count }, (_, i) =>
      makeOrder({
        customer_name: CUSTOMERS[i % CUSTOMERS.length] ?? "",
        drink_name: `Latte ${i}`,
      }));
    const lines = orders.map((order) => JSON.stringify(order));
    lines.splice(1_000, 0, "no JSON");
    lines.splice(2_000, 0, JSON.stringify({ ...orders[0], quantity: 0 }));
    const folder = `${checkoutFolder()}/.engine/tmp`;
    await Deno.mkdir(folder, { recursive: true });
    const file = await Deno.makeTempFile({ dir: folder, suffix: ".ndjson" });
    try {
      await Deno.writeTextFile(file, `${lines.join("\n")}\n`);
      const { code, stdout, stderr } = await run(bench, "produce", [
        "--workers=2",
        `--file=${file}`,
        "--json",
      ]);
      assertEquals(code, 1);
      assertEquals(parseRecords(stdout).length, count);
      assertEquals(
        stderr.split("\n").map((line) => /^Line \d+|^Not.*/.exec(line)?.[0])
          .filter((line) => line !== undefined).sort(),
        [
          "Line 1001",
          "Line 2001",
          `Not everything was sent: ${count} delivered, 0 not delivered, 2 not valid.`,
        ],
      );
    } finally {
      await Deno.remove(file);
    }
    const records = await consumeJson(bench, count);
    for (const customer of CUSTOMERS) {
      assertEquals(
        records.map(({ event }) => event)
          .filter(({ customer_name }) => customer_name === customer)
          .map(({ drink_name }) => drink_name),
        orders.filter(({ customer_name }) => customer_name === customer)
          .map(({ drink_name }) => drink_name),
      );
    }
  },
);

integrationTest(
  "tasks with --workers say what is wrong once, and end with the exit code that they have with one thread",
  async (bench) => {
    const cases = [
      ["produce", ["--interval=0"]],
      ["produce", ["--file=no-such-file"]],
      ["consume", []],
    ] as const;
    for (const [task, args] of cases) {
      const alone = await run(bench, task, [...args, "--workers=1"]);
      const shared = await run(bench, task, [...args, "--workers=3"]);
      assertEquals([alone.code, shared.code], [1, 1]);
      assertMatch(alone.stderr, /^Error: (.*does not exist|No such file)/m);
      assertEquals(
        [shared.stderr, shared.stdout],
        [alone.stderr, alone.stdout],
      );
    }
  },
);

integrationTest(
  "produce refuses --workers where only one thread can send",
  async (bench) => {
    for (
      const [args, reason] of [
        [["--workers=2"], "it goes with --interval 0 or --file"],
        [["--workers=2", "--interval=0", "--seed=1"], "--seed"],
        [["--workers=2", "--file=-"], "standard input"],
        [["--workers=2", "--file=x", "--resume=y"], "--resume"],
      ] as const
    ) {
      const { code, stderr } = await run(bench, "produce", args);
      assertEquals(code, 2);
      assertMatch(stderr, /^Error: --workers 2 can't be: /);
      assert(stderr.includes(reason), stderr);
    }
  },
);
