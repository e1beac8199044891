/**
 * Tests of `--metrics-port`: what Prometheus reads is what was done.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { freePorts } from "../../lib/engine/ports.ts";
import { eventually } from "../support/eventually.ts";
import { type Bench, integrationTest } from "../support/integration.ts";
import { ask, sumOf } from "../support/prometheus.ts";
import {
  type PipelineTask,
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

/** A task that serves its metrics. */
class MeteredTask implements AsyncDisposable {
  readonly #port: number;
  /** The task. */
  readonly task: TaskProcess;

  constructor(
    bench: Bench,
    name: PipelineTask,
    args: readonly string[] = [],
    options: TaskOptions = {},
  ) {
    [this.#port = 0] = freePorts(1);
    this.task = new TaskProcess(bench.config, name, [
      `--topic=${bench.topic}`,
      `--metrics-port=${this.#port}`,
      ...args,
    ], {
      ...options,
      reach: [`127.0.0.1:${this.#port}`, ...options.reach ?? []],
    });
  }

  /** The status of a path; undefined if nothing listens. */
  async status(path: string): Promise<number | undefined> {
    return (await ask(this.#port, path))?.status;
  }

  /** Waits until a metric has a value, which may change meanwhile. */
  async until(
    name: string,
    value: number | (() => number),
    labels?: string,
  ): Promise<void> {
    let text = "";
    const valueNow = typeof value === "number" ? () => value : value;
    await eventually(`${name} ${labels} ${valueNow()}`, async () => {
      text = (await ask(this.#port, "/metrics"))?.body ?? "";
      return sumOf(text, name, labels) === valueNow();
    }).catch((error) => {
      throw new Error(`${error.message}\n${text}`);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.task[Symbol.asyncDispose]();
  }
}

/** Sends events of which partition 0 gets 3 and partition 1 gets 1, and a message that is none. */
async function sendSome(bench: Bench): Promise<void> {
  const orders = Array.from({ length: 4 }, () => makeOrder());
  const values = await encodeOrders(bench, orders);
  await sendRaw(bench.config, bench.topic, [
    ...values.map((value, at) => ({
      partition: Math.floor(at / 3),
      key: null,
      value,
    })),
    { partition: 1, key: null, value: "not an event" },
    { partition: 1, key: null, value: null },
  ]);
}

integrationTest(
  "consume serves what it has consumed and set aside, its lag, and whether it is ready",
  async (bench) => {
    await makeTopic(bench, 2);
    await sendSome(bench);
    await using metered = new MeteredTask(bench, "consume", [
      `--group=${bench.group}`,
      "--quiet",
    ]);
    await eventually(
      "it is ready",
      async () => await metered.status("/readyz") === 200,
    );
    assertEquals(await metered.status("/healthz"), 200);
    assertEquals(await metered.status("/"), 404);
    await metered.until("messaging_client_consumed_messages_total", 4);
    await metered.until("messaging_process_duration_seconds_count", 4);
    await metered.until("cafe_dead_letters_total", 1);
    await metered.until("cafe_tombstones_total", 1);
    const { task } = metered;
    // As a rule none. The wait of the start is not one of the consumer.
    const waits = () =>
      task.stderr.match(/Waiting for (?!.*\(up to )/g)?.length ?? 0;
    await metered.until("cafe_waits_total", waits);
    await metered.until("cafe_consumer_lag", 0, 'partition_id="0"');
    await metered.until("cafe_consumer_lag", 0, 'partition_id="1"');
    task.signal("SIGTERM");
    const { code, stderr } = await task.end();
    assertEquals(code, 0);
    assert(!stderr.includes("Error"), stderr);
  },
);

integrationTest(
  "consume shows a lag that grows while its handler gets no further",
  async (bench) => {
    await makeTopic(bench, 1);
    const value = (await encodeOrders(bench, [makeOrder()]))[0] ?? null;
    // More than the pipe to a reader holds that doesn't read.
    const messages = Array.from({ length: 4_000 }, () => ({
      partition: 0,
      key: null,
      value,
    }));
    await sendRaw(bench.config, bench.topic, messages);
    const [port = 0] = freePorts(1);
    await using task = new TaskProcess(bench.config, "consume", [
      `--topic=${bench.topic}`,
      `--group=${bench.group}`,
      `--metrics-port=${port}`,
    ], { reach: [`127.0.0.1:${port}`], unread: "stdout" });
    const lag = async () => {
      const text = (await ask(port, "/metrics"))?.body ?? "";
      return sumOf(text, "cafe_consumer_lag") ?? 0;
    };
    await eventually("there is a lag", async () => await lag() > 0);
    const before = await lag();
    await sendRaw(bench.config, bench.topic, messages);
    await eventually("it grows", async () => await lag() >= before + 3_000);
    task.readAll();
    await eventually("it has caught up", async () => await lag() === 0);
    task.signal("SIGINT");
    assertEquals((await task.end()).code, 0);
  },
);

integrationTest(
  "produce serves what it has sent, and store what it has stored",
  async (bench) => {
    await makeTopic(bench, 2);
    await using producer = new MeteredTask(bench, "produce", [
      "--count=100000",
      "--rate=100",
      "--quiet",
    ]);
    await eventually(
      "it is ready",
      async () => await producer.status("/readyz") === 200,
    );
    const path = `.data/test-${crypto.randomUUID()}.db`;
    await using store = new MeteredTask(bench, "store", [
      `--group=${bench.group}`,
      `--database=${path}`,
      "--quiet",
    ]);
    try {
      await store.task.until(/Press Ctrl/);
      await eventually(
        "it is ready",
        async () => await store.status("/readyz") === 200,
      );
      producer.task.signal("SIGINT");
      const { stdout, stderr, code } = await producer.task.end();
      assertEquals({ stdout, code }, { stdout, code: 0 });
      const [, sent] = /Delivered ([\d,]+) of/.exec(stderr) ?? [];
      const count = Number(sent?.replaceAll(",", ""));
      assert(count > 0, stderr);
      await store.until("cafe_events_stored_total", count);
      await store.until("cafe_events_repeated_total", 0);
      await store.until("messaging_client_consumed_messages_total", count);
      store.task.signal("SIGINT");
      assertEquals((await store.task.end()).code, 0);
    } finally {
      for (const end of ["", "-wal", "-shm"]) {
        await Deno.remove(path + end).catch(() => {});
      }
    }
  },
);

integrationTest(
  "produce counts what is delivered and what is not valid",
  async (bench) => {
    await makeTopic(bench, 1);
    await using metered = new MeteredTask(bench, "produce", [
      "--file=-",
      "--quiet",
    ], { keepInputOpen: true });
    const { task } = metered;
    const lines = Array.from({ length: 3 }, () => JSON.stringify(makeOrder()));
    await task.write(`${lines.join("\n")}\n{"event_id":"none"}\nno JSON\n`);
    await metered.until("cafe_events_delivered_total", 3);
    await metered.until("messaging_client_sent_messages_total", 3);
    await metered.until("cafe_events_invalid_total", 2);
    await metered.until("cafe_events_failed_total", 0);
    await task.closeInput();
    assertEquals((await task.end()).code, 1);
  },
);

integrationTest(
  "a task that waits for Kafka lives, and is not ready",
  async (bench) => {
    const [nowhere = 0] = freePorts(1);
    for (const name of ["produce", "consume", "store"] as const) {
      await using metered = new MeteredTask(bench, name, [
        `--brokers=localhost:${nowhere}`,
        "--timeout=60",
      ], { reach: [`localhost:${nowhere}`] });
      await metered.task.until(/Waiting for Kafka/, "stderr");
      assertEquals(await metered.status("/healthz"), 200);
      assertEquals(await metered.status("/readyz"), 503);
      metered.task.signal("SIGTERM");
      assertEquals((await metered.task.end()).code, 0);
    }
  },
);

integrationTest(
  "a port that is in use, or not allowed, is named with its flag",
  async ({ config, topic }) => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr;
    const run = (reach: readonly string[]) =>
      runTaskProcess(config, "consume", [
        `--topic=${topic}`,
        `--metrics-port=${port}`,
      ], { reach });
    assertEquals(await run([`127.0.0.1:${port}`]), {
      code: 1,
      stdout: "",
      stderr: `Error: Another program listens at 127.0.0.1:${port}
  Name another port with --metrics-port.
`,
    });
    const denied = await run([]);
    assertEquals(denied.code, 1);
    assertMatch(
      denied.stderr,
      /^Error: No permission to listen at 127\.0\.0\.1:\d+\n {2}Port 9464, .*\n {2}Add 127\.0\.0\.1:\d+ to "permissions\.pipeline\.net"/,
    );
  },
);
