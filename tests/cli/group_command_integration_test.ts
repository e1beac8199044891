/**
 * `deno task group` on a real broker: lag, plans and resets, and what it refuses.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { type Bench, integrationTest } from "../support/integration.ts";
import { SilentListener } from "../support/silent_listener.ts";
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
  sendRaw,
} from "../support/topics.ts";
import { PATIENCE_MS } from "../support/patience.ts";

/** Long before and long after the moment at which the messages after it were written. */
const EARLY_MS = Date.parse("2026-01-01T00:00:00Z");
const LATE_MS = Date.parse("2026-01-02T00:00:00Z");

function group(bench: Bench, args: readonly string[], options?: TaskOptions) {
  return runTaskProcess(bench.config, "group", args, options);
}

/** Makes a topic with four early and two late messages in partition 0, of which the group has read five. */
async function prepare(bench: Bench): Promise<void> {
  await makeTopic(bench, 2);
  const values = await encodeOrders(
    bench,
    Array.from({ length: 6 }, () => makeOrder()),
  );
  await sendRaw(
    bench.config,
    bench.topic,
    values.map((value, i) => ({
      value,
      partition: 0,
      timestamp: String(i < 4 ? EARLY_MS : LATE_MS),
    })),
  );
  const { code, stderr } = await runTaskProcess(bench.config, "consume", [
    `--topic=${bench.topic}`,
    `--group=${bench.group}`,
    "--count=5",
    "--quiet",
  ]);
  assertEquals(code, 0, stderr);
}

integrationTest(
  "group show and list count what is still to be read",
  async (bench) => {
    await prepare(bench);
    const shown = await group(bench, ["show", bench.group, "--json"]);
    const { partitions, ...rest } = JSON.parse(shown.stdout);
    assertEquals(rest, {
      group: bench.group,
      state: "Empty",
      members: [],
      lag: "1",
    });
    assertEquals(partitions[0], {
      topic: bench.topic,
      partition: 0,
      committed: "5",
      end: "6",
      lag: "1",
      member: null,
    });
    const listed = await group(bench, ["list"]);
    assertMatch(
      listed.stdout,
      new RegExp(`^${bench.group} +Empty +0 +1 +${bench.topic}$`, "m"),
    );
    const missing = await group(bench, ["show", `${bench.group}x`]);
    assertEquals(missing.code, 1);
    assertStringIncludes(
      missing.stderr,
      `There is no consumer group '${bench.group}x'\n  Did you mean '${bench.group}'?\n`,
    );
  },
);

integrationTest(
  "group reset changes nothing without --execute, and sets the offset with it",
  async (bench) => {
    await prepare(bench);
    const reset = (...args: string[]) =>
      group(bench, ["reset", bench.group, `--topic=${bench.topic}`, ...args]);
    const planned = await reset("--to=earliest");
    assertMatch(planned.stdout, /^ +0 +5 +0 +5 again$/m);
    assertStringIncludes(
      planned.stdout,
      "5 messages would be read again, 0 passed over.",
    );
    assertStringIncludes(planned.stdout, "Nothing was changed");
    assertEquals((await committedOffsets(bench))[0], 5);

    for (
      const [to, offset] of [
        ["-2", 3],
        ["+1", 4],
        ["1", 1],
        ["99", 6],
        ["2026-01-01T12:00:00Z", 4],
        ["latest", 6],
        ["earliest", 0],
      ] as const
    ) {
      const { code, stderr } = await reset(
        "--to",
        to,
        "--partition=0",
        "--execute",
      );
      assertEquals(code, 0, stderr);
      assertEquals((await committedOffsets(bench))[0], offset, `--to ${to}`);
    }
  },
);

integrationTest(
  "group reset is refused while a member reads, and names it",
  async (bench) => {
    await makeTopic(bench, 1);
    await using consumer = new TaskProcess(bench.config, "consume", [
      `--topic=${bench.topic}`,
      `--group=${bench.group}`,
    ]);
    await consumer.until(/Press Ctrl\+C/);
    // It prints so when it has joined; its partitions are given out a moment later.
    const { code, stderr } = await group(bench, [
      "reset",
      bench.group,
      `--topic=${bench.topic}`,
      "--to=earliest",
      "--execute",
    ]);
    assertEquals(code, 1);
    assertMatch(
      stderr,
      /^Error: The group 'group-\S+' is active: \S+ at \S+\n {2}Stop its members first/,
    );
    consumer.signal("SIGTERM");
    await consumer.end();
  },
);

integrationTest(
  "group reset refuses a place, a topic and a partition that don't exist",
  async (bench) => {
    await makeTopic(bench, 1);
    const reset = (...args: string[]) =>
      group(bench, ["reset", bench.group, ...args]);
    const [place, topic, partition, none] = await Promise.all([
      reset(`--topic=${bench.topic}`, "--to=yesterday"),
      reset(`--topic=${bench.topic}-x`, "--to=earliest"),
      reset(`--topic=${bench.topic}`, "--to=earliest", "--partition=1"),
      reset(`--topic=${bench.topic}`),
    ]);
    assertEquals([place, topic, partition, none].map(({ code }) => code), [
      2,
      1,
      1,
      2,
    ]);
    assertStringIncludes(place?.stderr ?? "", `N: "yesterday"`);
    assertStringIncludes(topic?.stderr ?? "", `${bench.topic}-x`);
    assertStringIncludes(
      partition?.stderr ?? "",
      "has no partition 1: it has 1",
    );
    assertStringIncludes(none?.stderr ?? "", "--to is missing");
    const word = await group(bench, ["rest"]);
    assertEquals(word, {
      code: 2,
      stdout: "",
      stderr:
        'Error: WORD takes one of list, show, reset: "rest"\n  Did you mean reset?\n' +
        "  Run `deno task group --help` for its flags.\n",
    });
  },
);

integrationTest(
  "group list answers when one of the brokers is silent, and ends when all are",
  async (bench) => {
    using silent = new SilentListener();
    const [broker = ""] = bench.config.brokers;
    const list = (brokers: string, seconds: number) =>
      group(bench, ["list", `--brokers=${brokers}`, `--timeout=${seconds}`], {
        reach: [silent.address],
      });
    const begin = Date.now();
    const patienceS = PATIENCE_MS / 1_000;
    const [some, none] = await Promise.all([
      list(`${silent.address},${broker}`, patienceS),
      list(silent.address, 1),
    ]);
    assertEquals(some.code, 0, some.stderr);
    assertEquals(none.code, 1);
    assertStringIncludes(none.stderr, `Error: `);
    assert(Date.now() - begin < PATIENCE_MS);
  },
);
