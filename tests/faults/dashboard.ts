/**
 * The dashboard's server through outages, and its memory while orders come.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { pause } from "../../lib/base/pause.ts";
import { orders } from "../../lib/events/order.ts";
import { freePorts } from "../../lib/engine/ports.ts";
import { engineFolder } from "../../lib/engine/paths.ts";
import { eventStore } from "../../lib/store/event_store.ts";
import { orderStore } from "../../lib/store/orders.ts";
import { openDatabase } from "../../lib/store/store.ts";
import { StoredEvent } from "../../lib/store/stored_event.ts";
import { TestDashboard } from "../support/dashboard.ts";
import { eventually } from "../support/eventually.ts";
import { TaskProcess } from "../support/task_process.ts";
import {
  encodeOrders,
  makeOrder,
  makeTopic,
  sendRaw,
} from "../support/topics.ts";
import type { FaultBench, FaultTest } from "./support/fault_tests.ts";

/** How many orders are stored in a tenth of a second. */
const BATCH_COUNT = 100;
const PAGES_COUNT = 30;
/** How much more memory may be in use at the end than after the start, in MiB. */
const MAX_GROWTH_MIB = 40;

/** Reads how much memory a process has in use, in MiB. */
async function memoryOf(pid: number): Promise<number> {
  const { stdout } = await new Deno.Command("sh", {
    args: ["-c", `ps -o rss= -p ${pid}`],
  }).output();
  return Number(new TextDecoder().decode(stdout)) / 1_024;
}

/** Fills two days, so that the page's snapshots are as large as they get. */
function fillDays(path: string, sinceMs: number): void {
  const database = new DatabaseSync(path);
  database.exec("BEGIN");
  const statement = database.prepare(
    "INSERT INTO order_minutes VALUES (?, 'Latte', 1, 5, 7, 2500, 2, 3, 900, 0)",
  );
  for (let minute = -1_440; minute < 1_440; minute++) {
    const at = new Date(sinceMs + minute * 60_000).toISOString();
    statement.run(at.replace(".000Z", "Z"));
  }
  database.exec("COMMIT");
  database.close();
}

/** Stores 1,000 orders a second, until the signal. */
async function storeOrders(path: string, signal: AbortSignal): Promise<number> {
  const stored = new StoredEvent(orders, orderStore);
  const database = await openDatabase({ path }, stored.tables);
  try {
    const { topic } = orders;
    const store = eventStore(stored, { database, topic });
    await store.offsets({
      save: () => Promise.resolve(),
      load: () => Promise.resolve(new Map()),
    }).save(new Map([[0, 0n]]), "");
    let count = 0;
    for (const startMs = Date.now(); !signal.aborted; count += BATCH_COUNT) {
      const records = Array.from({ length: BATCH_COUNT }, (_, at) => ({
        event: makeOrder({ ts_utc: new Date().toISOString() }),
        topic,
        partition: 0,
        offset: String(count + at),
        timestamp: Date.now(),
        key: null,
        headers: [],
      }));
      await store.write({ topic, partition: 0, records }, { signal });
      await pause(startMs + (count + BATCH_COUNT) - Date.now(), signal);
    }
    return count;
  } finally {
    await database.close();
  }
}

async function checkMemory({ config, long, report }: FaultBench) {
  const path = `${engineFolder()}/tmp/day-${crypto.randomUUID()}.db`;
  const [port = 0] = freePorts(1);
  const sinceMs = new Date().setUTCHours(0, 0, 0, 0);
  const stop = new AbortController();
  const readers: ReadableStreamDefaultReader<Uint8Array>[] = [];
  try {
    await Deno.mkdir(`${engineFolder()}/tmp`, { recursive: true });
    const stored = new StoredEvent(orders, orderStore);
    await (await openDatabase({ path }, stored.tables)).close();
    fillDays(path, sinceMs);
    await using task = new TaskProcess(config, "dashboard", [
      `--port=${port}`,
      `--database=${path}`,
    ], {
      reach: [`127.0.0.1:${port}`],
      read: [`${engineFolder()}/tmp`],
      deadlineMs: 900_000,
    });
    await task.until(/Press Ctrl\+C to stop\n/);
    let snapshots = 0;
    for (let page = 0; page < PAGES_COUNT; page++) {
      const { body } = await fetch(
        `http://localhost:${port}/api/live?since=${sinceMs}`,
      );
      if (body) readers.push(body.getReader());
    }
    // Two of three pages don't read what they get.
    const reading = Promise.all(
      readers.filter((_, page) => page % 3 === 0).map(async (reader) => {
        while (!(await reader.read()).done) snapshots++;
      }),
    );
    // Awaited below, when the pages are closed.
    reading.catch(() => {});
    const storing = storeOrders(path, stop.signal);
    await pause(long ? 60_000 : 5_000);
    const before = await memoryOf(task.pid);
    const from = snapshots;
    await pause(long ? 540_000 : 15_000);
    const after = await memoryOf(task.pid);
    const sent = snapshots - from;
    stop.abort();
    // A signal would not do: Deno 2.9.6 forgets that of a fetch whose answer has begun.
    for (const reader of readers) await reader.cancel();
    await reading;
    await report({
      stored: await storing,
      "MiB before": Math.round(before),
      "MiB after": Math.round(after),
    });
    assert(sent > 10, `${sent} pieces read`);
    assert(after - before < MAX_GROWTH_MIB, `${before} to ${after} MiB`);
  } finally {
    stop.abort();
    for (const reader of readers) await reader.cancel().catch(() => {});
    for (const end of ["", "-wal", "-shm"]) {
      await Deno.remove(path + end).catch(() => {});
    }
  }
}

async function checkRestart(bench: FaultBench) {
  const { config, topic, engine } = bench;
  await makeTopic(bench, 2);
  const send = async () => {
    const [value = null] = await encodeOrders(bench, [makeOrder()]);
    await sendRaw(config, topic, [{ partition: 0, value }]);
  };
  await send();
  await using server = new TestDashboard({ config });
  const count = async () => {
    const { body } = await server.get(`/api/topics/${topic}/messages`);
    return body.messages?.length;
  };
  await using page = await server.events("/api/live?since=0");
  await using tail = await server.events(`/api/topics/${topic}/follow`);
  await page.until("status", ({ kafka }) => kafka.ok);
  assertEquals(await count(), 1);
  await send();
  assertEquals((await tail.until("messages"))[0].offset, "1");

  await engine.killBroker();
  // Before it is refused, it may take longer to answer than the server waits.
  await page.until(
    "status",
    ({ kafka, registry }) =>
      kafka.advice?.endsWith("Advice for kafka-unreachable.") && registry.ok,
  );
  assertEquals((await server.get("/api/groups")).status, 503);
  // In the long version, longer than a reader waits that doesn't follow.
  if (bench.long) await pause(60_000);
  await engine.startBroker();
  await page.until("status", ({ kafka }) => kafka.ok);
  await eventually("messages are there again", async () => await count() === 2);
  await send();
  assertEquals((await tail.until("messages"))[0].offset, "2");

  await engine.killRegistry();
  await page.until("status", ({ registry }) => !registry.ok);
  assertEquals(await count(), 3);
  await engine.startRegistry();
  await page.until("status", ({ registry }) => registry.ok);
  assertEquals(server.failures, []);
}

/** The tests. */
export const DASHBOARD_FAULTS: readonly FaultTest[] = [
  {
    name:
      "open pages are told of a broker and a registry that die, and go on where they were when these are back",
    fn: checkRestart,
  },
  {
    name:
      "the page's server needs no more memory for 1,000 orders a second and 30 pages, of which 20 don't read",
    fn: checkMemory,
  },
];
