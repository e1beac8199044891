/**
 * What the tests of the page share: a browser and a dashboard of their own, orders, and checks of a place.
 *
 * @module
 */

import axe from "axe-core" with { type: "text" };
import { assertEquals } from "@std/assert";
import { checkoutFolder } from "../../lib/engine/paths.ts";
import { freePorts } from "../../lib/engine/ports.ts";
import type { Order } from "../../lib/events/order.ts";
import type { Config } from "../../lib/settings/config.ts";
import { type Bench, integrationTest } from "../support/integration.ts";
import { TEST_MS } from "../support/patience.ts";
import { TaskProcess } from "../support/task_process.ts";
import { encodeOrders, makeOrder, sendRaw } from "../support/topics.ts";
import { Chromium, type Page, whyNoChromium } from "./chromium.ts";

/** What a test of the page has, besides the engine. */
export interface PageBench extends Bench {
  /** The browser. */
  readonly browser: Chromium;
  /** The path of a database, which may not be there yet. */
  readonly database: string;
}

/**
 * Registers a test that needs an engine and a browser: it is ignored, with the reason in its name, where one of them is missing.
 *
 * @param name What it shows.
 * @param fn The test.
 */
export function pageTest(
  name: string,
  fn: (bench: PageBench) => Promise<void>,
): void {
  if (whyNoChromium) {
    const ignored = `${name} (${whyNoChromium})`;
    Deno.test({ name: ignored, ignore: true, fn() {} });
    return;
  }
  integrationTest(name, async (bench) => {
    await using browser = await Chromium.launch();
    await withDatabase((database) => fn({ ...bench, browser, database }));
  });
}

/**
 * Does something with the path of a database that the tasks may write to, and that is removed afterwards.
 *
 * @param fn What to do.
 */
export async function withDatabase(
  fn: (database: string) => Promise<void>,
): Promise<void> {
  const database = `.data/test-${crypto.randomUUID()}.db`;
  try {
    await fn(database);
  } finally {
    for (const end of ["", "-wal", "-shm"]) {
      await Deno.remove(`${checkoutFolder()}/${database}${end}`)
        .catch(() => {});
    }
  }
}

/** A dashboard that runs. Disposing of it ends it. */
export class DashboardTask implements AsyncDisposable {
  /** Its address. */
  readonly url: string;
  readonly #task: TaskProcess;

  private constructor(task: TaskProcess, url: string) {
    this.#task = task;
    this.url = url;
  }

  /**
   * Starts `deno task dashboard`.
   *
   * @param config Where the engine is.
   * @param options `database`: the store's; `port`: any that is free by default; `flags`: further flags; `deadlineMs`: after how
   * long it is killed, in milliseconds, {@linkcode TEST_MS} by default.
   * @returns The dashboard, which answers.
   */
  static async launch(
    config: Config,
    {
      database,
      port = freePorts(1)[0] ?? 0,
      flags = [],
      deadlineMs = TEST_MS,
    }: {
      readonly database: string;
      readonly port?: number;
      readonly flags?: readonly string[];
      readonly deadlineMs?: number;
    },
  ): Promise<DashboardTask> {
    const task = new TaskProcess(config, "dashboard", [
      `--database=${database}`,
      `--port=${port}`,
      ...flags,
    ], { reach: [`127.0.0.1:${port}`], deadlineMs });
    try {
      await task.until(/dashboard is at/);
    } catch (error) {
      await task[Symbol.asyncDispose]();
      throw error;
    }
    return new DashboardTask(task, `http://localhost:${port}`);
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#task[Symbol.asyncDispose]();
  }
}

/**
 * Starts `deno task store` for the test's topic.
 *
 * @param bench The test's bench.
 * @param deadlineMs After how long it is killed, in milliseconds.
 * @returns The task; disposing of it ends it.
 */
export function startStore(
  { config, topic, group, database }: Omit<PageBench, "browser">,
  deadlineMs = TEST_MS,
): TaskProcess {
  return new TaskProcess(config, "store", [
    `--topic=${topic}`,
    `--group=${group}`,
    `--database=${database}`,
  ], { deadlineMs });
}

/**
 * Sends orders of this minute.
 *
 * @param bench The test's bench.
 * @param changes What differs from a plain order, for each.
 */
export async function sendOrders(
  bench: Bench,
  changes: readonly Partial<Order>[],
): Promise<void> {
  const ts_utc = new Date().toISOString();
  const orders = changes.map((change) => makeOrder({ ts_utc, ...change }));
  const values = await encodeOrders(bench, orders);
  await sendRaw(
    bench.config,
    bench.topic,
    values.map((value) => ({ partition: 0, key: "somebody", value })),
  );
}

/**
 * Looks for what keeps people from using a place: what axe-core calls serious or critical.
 *
 * @param page The page.
 * @returns What it found, in words.
 */
export async function obstacles(page: Page): Promise<string[]> {
  if (!await page.evaluate<boolean>("'axe' in globalThis")) {
    await page.evaluate(`${axe}; undefined`);
  }
  // What comes in is faint until it is there.
  return await page.evaluate(
    `Promise.allSettled(document.getAnimations().map(({ finished }) => finished)).then(() => axe.run({ resultTypes: ["violations"] })).then(({ violations }) =>
      violations.filter(({ impact }) => ["serious", "critical"].includes(impact))
        .flatMap(({ id, nodes }) => nodes.map(({ html, any }) => id + ": " + html + " " + any.map(({ message }) => message).join())))`,
  );
}

/**
 * Checks that a page has complained of nothing.
 *
 * @param page The page.
 */
export function assertQuiet({ complaints }: Page): void {
  assertEquals(complaints, []);
}
