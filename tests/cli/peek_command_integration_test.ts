/**
 * `deno task peek` on a real broker: which messages it shows, how far it looks, and what it shows of what isn't an event.
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
  encodeOrders,
  makeOrder,
  makeTopic,
  sendRaw,
} from "../support/topics.ts";
import { PATIENCE_MS } from "../support/patience.ts";

const FIRST_MS = Date.parse("2026-01-01T00:00:00Z");

function peek(bench: Bench, args: readonly string[], options?: TaskOptions) {
  return runTaskProcess(
    bench.config,
    "peek",
    [`--topic=${bench.topic}`, ...args],
    options,
  );
}

/** Fills two partitions in turn with messages a second apart: quantities 1, 2, 3 and so on. */
async function fill(bench: Bench, count: number): Promise<void> {
  await makeTopic(bench, 2);
  const events = Array.from(
    { length: count },
    (_, i) => makeOrder({ quantity: i + 1 }),
  );
  const values = await encodeOrders(bench, events);
  await sendRaw(
    bench.config,
    bench.topic,
    values.map((value, i) => ({
      key: i % 3 === 0 ? "third" : "other",
      value,
      partition: i % 2,
      timestamp: String(FIRST_MS + i * 1_000),
    })),
  );
}

function quantities(stdout: string): number[] {
  return stdout.split("\n").slice(0, -1)
    .map((line) => JSON.parse(line).event.quantity);
}

integrationTest(
  "peek shows the newest messages of all partitions in the sequence of their times, and how far it looked",
  async (bench) => {
    await fill(bench, 9);
    const { code, stdout, stderr } = await peek(bench, ["--last=3", "--json"]);
    assertEquals(code, 0, stderr);
    assertEquals(quantities(stdout), [7, 8, 9]);
    assertEquals(
      stderr,
      `3 of 6 messages shown; looked at ${bench.topic} [0] 2 to 4, [1] 1 to 3.\n`,
    );
    const text = await peek(bench, ["--last=1"]);
    assertMatch(
      text.stdout,
      /^test-\S+ \[0\] offset=4\n {8}├─ Kafka Timestamp: \S+ \S+\n {8}├─ Key: other\n {8}├─ Schema: \d+\n {8}├─ event_id: /,
    );
  },
);

integrationTest(
  "peek --last shows large messages without keeping them all in memory",
  async (bench) => {
    const { config, topic } = bench;
    await makeTopic(bench, 1);
    const name = "x".repeat(900_000);
    const order = makeOrder({ customer_name: name });
    const [value = null] = await encodeOrders(bench, [order]);
    for (let i = 0; i < 150; i++) {
      await sendRaw(config, topic, [{ key: "x", value }]);
    }
    const { code, stderr } = await peek(bench, ["--last=150", "--json"], {
      env: { DENO_V8_FLAGS: "--max-old-space-size=100" },
    });
    assertEquals(code, 0, stderr);
    assertStringIncludes(stderr, "150 of 150 messages shown");
  },
);

integrationTest(
  "peek begins at an offset, a time, or so many from the end when --from is given",
  async (bench) => {
    await fill(bench, 9);
    const from = async (place: string, ...args: string[]) => {
      const { code, stdout, stderr } = await peek(bench, [
        "--from",
        place,
        "--json",
        ...args,
      ]);
      assertEquals(code, 0, stderr);
      return quantities(stdout).sort((a, b) => a - b);
    };
    assertEquals(await from("3"), [7, 8, 9]);
    assertEquals(await from("2026-01-01T00:00:06Z"), [7, 8, 9]);
    assertEquals(await from("-1"), [8, 9]);
    assertEquals(await from("earliest", "--partition=1"), [2, 4, 6, 8]);
    assertEquals(await from("latest"), []);
  },
);

integrationTest(
  "peek looks back as far as it takes when only some messages match",
  async (bench) => {
    await fill(bench, 500);
    const first = await peek(bench, ["--where=quantity=2", "--json"]);
    assertEquals(quantities(first.stdout), [2]);
    assertStringIncludes(first.stderr, "1 of 500 messages shown");
    const none = await peek(bench, ["--where=quantty=2"]);
    assertMatch(
      none.stderr,
      /^0 of 500 messages shown; .*\nNone of them has the field 'quantty'\.\n$/,
    );
    const near = await peek(bench, ["--key=third", "--last=2", "--json"]);
    assertEquals(quantities(near.stdout), [496, 499]);
    const read = Number(/of (\d+) messages/.exec(near.stderr)?.[1]);
    assert(read < 500, near.stderr);
  },
);

integrationTest(
  "peek shows bytes, the reason and the headers of what isn't an event",
  async (bench) => {
    await makeTopic(bench, 1);
    await sendRaw(bench.config, bench.topic, [
      { value: "no\u001b[2Jframe", key: "k", headers: { trace: "a1" } },
      { value: null, key: "gone" },
      {
        value: "bad",
        headers: {
          "__connect.errors.topic": "source",
          "__connect.errors.partition": "1",
          "__connect.errors.offset": "42",
          "__connect.errors.exception.message": "too short",
        },
      },
    ]);
    const { code, stdout, stderr } = await peek(bench, []);
    assertEquals(code, 0, stderr);
    assertStringIncludes(stdout, "├─ Header trace: a1\n");
    assertStringIncludes(stdout, "Not decoded: ");
    assertStringIncludes(stdout, "Value: no\\u001b[2Jframe (11 bytes)");
    assertStringIncludes(stdout, "Bytes: 6e 6f 1b 5b 32 4a 66 72 61 6d 65");
    assertStringIncludes(stdout, "Value: none (it deletes its key");
    assertStringIncludes(stdout, "Dead letter of: source [1] offset=42\n");
    assertStringIncludes(stdout, "Reason: too short\n");
    const json = await peek(bench, ["--json"]);
    const [first] = json.stdout.split("\n");
    const { value, problem, headers } = JSON.parse(first ?? "");
    assertEquals(value, { base64: btoa("no\u001b[2Jframe") });
    assert(problem);
    assertEquals(headers, [["trace", "a1"]]);
  },
);

integrationTest(
  "peek shows values as they are when the registry is down",
  async (bench) => {
    await fill(bench, 2);
    const { code, stdout, stderr } = await peek(bench, [
      "--registry=http://localhost:1",
      "--last=1",
    ], { reach: ["localhost:1"] });
    assertEquals(code, 0, stderr);
    assertStringIncludes(
      stdout,
      "Not decoded: The Schema Registry can't be reached at http://localhost:1",
    );
    assertStringIncludes(stdout, `"quantity":2`);
  },
);

integrationTest(
  "peek goes on with --follow until it is stopped",
  async (bench) => {
    await fill(bench, 1);
    await using task = new TaskProcess(bench.config, "peek", [
      `--topic=${bench.topic}`,
      "--follow",
      "--json",
    ]);
    await task.until(/"quantity":1/);
    const [value = null] = await encodeOrders(bench, [
      makeOrder({ quantity: 77 }),
    ]);
    await sendRaw(bench.config, bench.topic, [{ value, partition: 1 }]);
    await task.until(/"quantity":77/);
    task.signal("SIGTERM");
    const { code, stderr } = await task.end();
    assertEquals(code, 0, stderr);
    assertStringIncludes(stderr, "2 of 2 messages shown");
  },
);

integrationTest(
  "peek reads past a broker that is silent, and ends when all are",
  async (bench) => {
    await fill(bench, 1);
    using silent = new SilentListener();
    const [broker = ""] = bench.config.brokers;
    const from = (brokers: string, seconds: number) =>
      peek(bench, [`--brokers=${brokers}`, `--timeout=${seconds}`], {
        reach: [silent.address],
      });
    const [some, none] = await Promise.all([
      from(`${silent.address},${broker}`, PATIENCE_MS / 1_000),
      from(silent.address, 1),
    ]);
    assertEquals(some.code, 0, some.stderr);
    assertEquals(none.code, 1);
    assertStringIncludes(none.stderr, "Error: Kafka at localhost:");
  },
);
