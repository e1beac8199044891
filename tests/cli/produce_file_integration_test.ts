/**
 * Tests of `deno task produce --file` on tables, arrays and consumed lines, against a real Kafka and a real registry.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { checkoutFolder } from "../../lib/engine/paths.ts";
import { REJECTS_FOLDER } from "../../lib/produce/rejects.ts";
import { RESUME_FOLDER } from "../../lib/produce/resume_point.ts";
import { withoutDuration } from "../support/captured_output.ts";
import { inTimeOnce } from "../support/in_time.ts";
import { type Bench, integrationTest } from "../support/integration.ts";
import { PATIENCE_MS } from "../support/patience.ts";
import { ORDER_HEADER, orderTable } from "../support/order_table.ts";
import { runTaskProcess, type TaskOptions } from "../support/task_process.ts";
import { consumeJson, makeOrder, makeTopic } from "../support/topics.ts";
import { scratchFolder } from "../support/scratch_folder.ts";

/** How many rows the large table has, and how far apart its broken ones are. */
const LARGE = { count: 20_000, brokenEvery: 1_000 };

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

/** A folder in the checkout, where the task may read; removed at the end. */
async function withFolder(
  work: (folder: string) => Promise<void>,
): Promise<void> {
  await using folder = await scratchFolder();
  await work(folder.path);
}

/** Removes what a task has kept under a name of the test's. */
async function removeKept(folder: string, name: string): Promise<void> {
  const path = `${checkoutFolder()}/${folder}`;
  for (const { name: found } of [...Deno.readDirSync(path)]) {
    if (found.startsWith(name)) await Deno.remove(`${path}/${found}`);
  }
  // Others' files may be there.
  await Deno.remove(path).catch(() => {});
}

integrationTest(
  "produce --file sends the sound rows of a table and keeps the others with their reasons, and what is fixed of these goes through",
  async (bench) => {
    await makeTopic(bench);
    const name = `${bench.topic}.csv`;
    await withFolder(async (folder) => {
      const path = `${folder}/orders.csv`;
      const { chunks, broken } = orderTable(LARGE.count, LARGE);
      await Deno.writeFile(path, ReadableStream.from(chunks));
      const sound = LARGE.count - broken.size;
      try {
        const args = [`--rejects=${name}`, "--quiet"];
        const first = await produce(bench, [`--file=${path}`, ...args]);
        assertEquals(first.code, 1);
        // A run of more than 10 s says how far it is.
        const lines = withoutDuration(first.stderr).trimEnd().split("\n")
          .filter((line) => !line.endsWith("left."));
        assertEquals(
          lines.at(-1),
          `Delivered ${sound.toLocaleString("en")} of ${
            LARGE.count.toLocaleString("en")
          } events; ${broken.size} not valid; what is rejected is kept in ${REJECTS_FOLDER}/${name}.`,
        );
        // Ten are named, the rest is only counted.
        assertEquals(lines.length, 12);

        const kept = `${checkoutFolder()}/${REJECTS_FOLDER}/${name}`;
        const reasons = (await Deno.readTextFile(`${kept}.reasons.ndjson`))
          .trimEnd().split("\n").map((line) => JSON.parse(line));
        assertEquals(
          reasons.map(({ number }) => number),
          [...broken.keys()],
        );
        for (const { number, reason, original } of reasons) {
          assertStringIncludes(reason, broken.get(number)?.reason ?? "?");
          assert(original !== null);
        }
        const rows = (await Deno.readFile(kept)).subarray(
          0,
          ORDER_HEADER.length,
        );
        assertEquals(new TextDecoder().decode(rows), ORDER_HEADER);

        // Sent again as they are, all are rejected again, and none twice.
        const again = await produce(bench, [`--file=${kept}`, "--quiet"]);
        assertMatch(
          withoutDuration(again.stderr),
          new RegExp(
            `Delivered 0 of ${broken.size} events; ${broken.size} not`,
          ),
        );
        const fixed = [...broken.values()].map(({ sound }) => sound);
        await Deno.writeTextFile(kept, [ORDER_HEADER, ...fixed].join("\r\n"));
        const last = await produce(bench, [`--file=${kept}`, ...args.slice(1)]);
        assertEquals(last.code, 0, last.stderr);
        const records = await consumeJson(bench, LARGE.count);
        const ids = new Set(records.map(({ event }) => event.event_id));
        assertEquals(ids.size, LARGE.count);
        const drinks = new Set(records.map(({ event }) => event.drink_name));
        assert(drinks.has("Cold\nBrew") && drinks.has('Latte "grande", hot'));
      } finally {
        await removeKept(REJECTS_FOLDER, bench.topic);
      }
    });
  },
);

integrationTest(
  "produce --resume continues after a row with a line break in it",
  async (bench) => {
    await makeTopic(bench, 1);
    await withFolder(async (folder) => {
      const path = `${folder}/orders.csv`;
      const row = (drink: string) => {
        const { event_id: _, ...order } = makeOrder({ drink_name: drink });
        const { customer_name, quantity, amount, is_member, ts_utc } = order;
        return `${customer_name},"${drink}",${quantity},${amount},${is_member},${ts_utc}\n`;
      };
      const header = ORDER_HEADER.replace("event_id,", "");
      const rows = ["one", "two\nlines", "three", "four\n\n"].map(row);
      await Deno.writeTextFile(path, `${header}\n${rows.slice(0, 2).join("")}`);
      const args = [`--file=${path}`, `--resume=${bench.topic}`];
      try {
        assertEquals((await produce(bench, args)).code, 0);
        await Deno.writeTextFile(path, `${header}\n${rows.join("")}`);
        const second = await produce(bench, args);
        assertMatch(second.stdout, /^Continuing after row 3, /m);
        assertMatch(second.stdout, /^Event 2: [^]*All messages sent/m);
      } finally {
        await removeKept(RESUME_FOLDER, bench.topic);
      }
      const records = await consumeJson(bench, 4);
      assertEquals(
        records.map(({ event }) => event.drink_name),
        ["one", "two\nlines", "three", "four\n\n"],
      );
    });
  },
);

integrationTest(
  "produce --file takes the lines of consume --json: keys, timestamps and headers are kept",
  async (bench) => {
    const { topic, group } = bench;
    await makeTopic(bench);
    const copy = { ...bench, topic: `${topic}-copy`, group: `${group}-copy` };
    await makeTopic(copy);
    const event = makeOrder();
    await produce(bench, ["--file=-", "--quiet"], {
      input: JSON.stringify(event),
    });
    const [line] = await consumeLines(bench, 1);
    const stored = JSON.parse(line ?? "");
    const lines = [
      line,
      JSON.stringify({
        ...stored,
        key: "another",
        timestamp: "2020-02-03T04:05:06.789Z",
        headers: [["a", "1"], ["b", { base64: "/w==" }], ["a", null], [
          "c",
          "",
        ]],
      }),
      JSON.stringify({ ...stored, key: null, timestamp: null }),
      JSON.stringify({ ...stored, key: "0xff01" }),
      JSON.stringify({ ...stored, key: 7 }),
      JSON.stringify({ ...stored, headers: { a: "1" } }),
    ];
    const { stderr, stdout } = await produce(copy, ["--file=-", "--json"], {
      input: lines.join("\n"),
    });
    assertEquals(
      withoutDuration(stderr),
      "Line 5 was not sent: The consumed line's key must be a text or null\n" +
        "Line 6 was not sent: The consumed line's headers must be a list\n" +
        "Delivered 4 of 6 events; 2 not valid.\n",
    );
    assertEquals(stdout.trimEnd().split("\n").length, 4);
    const copied = (await consumeLines(copy, 4)).map((text) =>
      JSON.parse(text)
    );
    const by = (key: unknown) => copied.find((record) => record.key === key);
    for (const { event: found } of copied) assertEquals(found, event);
    const { topic: _, offset: _offset, ...rest } = stored;
    const { topic: _copy, offset: _at, ...same } = by("charlie_davis");
    assertEquals(same, rest);
    assertEquals(by("another").timestamp, "2020-02-03T04:05:06.789Z");
    assertEquals(
      by("another").headers,
      [["a", "1"], ["b", { base64: "/w==" }], ["a", null], ["c", ""]],
    );
    assert(Date.now() - Date.parse(by(null).timestamp) < PATIENCE_MS);
    assertEquals(by("0xff01").event, event);
  },
);

integrationTest(
  "produce --dry-run checks all of a file with no Kafka and no registry there, and sends nothing",
  async (bench) => {
    const nowhere = {
      ...bench,
      config: {
        ...bench.config,
        brokers: ["localhost:1"],
        registryUrl: "http://localhost:1",
      },
    };
    const input = [makeOrder(), makeOrder({ quantity: 0 }), makeOrder()]
      .map((order) => JSON.stringify(order)).join("\n");
    const { code, stdout, stderr } = await produce(nowhere, [
      "--dry-run",
      "--file=-",
    ], { input });
    assertEquals(code, 1);
    assertMatch(stdout, /Checking the customer events of standard input\.\.\./);
    assert(!stdout.includes("Delivered"));
    assertEquals(
      withoutDuration(stderr),
      "Line 2 was not sent: Not a valid order: quantity must be >= 1: 0\n" +
        "Found valid 2 of 3 events; 1 not valid; nothing was sent.\n",
    );
    const sound = await produce(nowhere, ["--dry-run", "--file=-"], {
      input: JSON.stringify(makeOrder()),
    });
    assertEquals(sound.code, 0);
    assertMatch(sound.stdout, /All events are valid\. Nothing was sent\.\n$/);
  },
);

integrationTest(
  "produce --rate sends a file's events at that rate",
  async (bench) => {
    await makeTopic(bench);
    const input = JSON.stringify(makeOrder()) + "\n";
    await inTimeOnce(2_500, async () => {
      const { code, stderr } = await produce(
        bench,
        ["--file=-", "--rate=200", "--quiet"],
        { input: input.repeat(401) },
      );
      assertEquals(code, 0, stderr);
      const [, seconds] = / in (\d+\.\d) s/.exec(stderr) ?? [];
      // 400 intervals of 5 ms.
      assert(Number(seconds) >= 2, stderr);
      return 1_000 * Number(seconds);
    });
  },
);

integrationTest(
  "produce refuses flags that contradict each other, and a file of rejects that it may not write or reads from",
  async (bench) => {
    await withFolder(async (folder) => {
      const path = `${folder}/a.csv`;
      await Deno.writeTextFile(path, `${ORDER_HEADER}\n`);
      for (
        const [args, message] of [
          [["--rejects=x"], "--rejects goes with --file"],
          [["--format=csv"], "--format goes with --file"],
          [
            ["--rate=1", "--interval=1"],
            "--rate sets the pace: leave out --interval",
          ],
          [["--file=-", "--resume=x", "--dry-run"], "--resume needs a file"],
          [
            [`--file=${path}`, "--resume=x", "--dry-run"],
            "--dry-run delivers nothing: leave out --resume",
          ],
          [
            [`--file=${path}`, `--rejects=${folder}/b.csv`],
            "No permission to write",
          ],
          [
            [`--file=${path}`, `--rejects=${path}`],
            "is the file that the events come from",
          ],
        ] as const
      ) {
        const { code, stderr } = await produce(bench, args);
        assert(code === 1 || code === 2);
        assertStringIncludes(stderr, message);
      }
    });
  },
);

/** What `consume --json` prints of a topic. */
async function consumeLines(
  { config, topic, group }: Bench,
  count: number,
): Promise<string[]> {
  const { stdout } = await runTaskProcess(config, "consume", [
    `--topic=${topic}`,
    `--group=${group}-lines`,
    `--count=${count}`,
    "--json",
  ]);
  return stdout.trimEnd().split("\n");
}
