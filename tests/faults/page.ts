/**
 * The page under load: as many orders as a day has, in minutes.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { Chromium, whyNoChromium } from "../browser/chromium.ts";
import { DashboardTask, startStore, withDatabase } from "../browser/support.ts";
import { TaskProcess } from "../support/task_process.ts";
import { makeTopic } from "../support/topics.ts";
import { PATIENCE_MS } from "../support/patience.ts";
import type { FaultTest } from "./support/fault_tests.ts";

const RATE = 1_000;
/** How often memory is measured, in milliseconds. */
const SAMPLE_MS = 2_000;
/** How much a page may grow from the first half to the second, in bytes. */
const MAX_GROWTH = 4 * 2 ** 20;

const megabytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/** Tests of the page under load; none where there is no browser. */
export const PAGE_FAULTS: readonly FaultTest[] = whyNoChromium ? [] : [{
  name:
    "the page shows 1,000 orders a second, and follows them, without growing",
  async fn(bench) {
    const { config, topic, long, report } = bench;
    const seconds = long ? 600 : 8;
    const count = RATE * seconds;
    const deadlineMs = seconds * 1_000 + PATIENCE_MS;
    await makeTopic(bench);
    await withDatabase(async (database) => {
      await using _store = startStore({ ...bench, database }, deadlineMs);
      await using dashboard = await DashboardTask.launch(config, {
        database,
        deadlineMs,
      });
      await using browser = await Chromium.launch();
      await using producer = new TaskProcess(config, "produce", [
        `--topic=${topic}`,
        `--count=${count}`,
        `--rate=${RATE}`,
        "--quiet",
      ], { deadlineMs });
      const pages = await Promise.all(
        ["today", `topics/${topic}/messages?follow=1`].map((place) =>
          browser.open(`${dashboard.url}/#/${place}`)
        ),
      );
      const samples: number[][] = [];
      let running = true;
      const ended = producer.end().finally(() => running = false);
      while (running) {
        samples.push(
          await Promise.all(pages.map((page) => page.heapBytes())),
        );
        await Promise.race([
          ended,
          new Promise((resolve) => setTimeout(resolve, SAMPLE_MS)),
        ]);
      }
      assertEquals((await ended).code, 0);
      const [today] = pages;
      await today?.shows(
        new RegExp(`^Orders\\s+${count.toLocaleString("en-CA")}$`, "m"),
        ".figures",
      );
      const middle = samples.length / 2;
      const top = (half: typeof samples, page: number) =>
        Math.max(...half.map((sample) => sample[page] ?? 0));
      const tops = pages.map((_, page) => ({
        first: top(samples.slice(0, middle), page),
        second: top(samples.slice(middle), page),
      }));
      await report({
        orders: count,
        ...Object.fromEntries(
          tops.map(({ first, second }, page) => [
            ["today", "followed"][page],
            `${megabytes(first)} then ${megabytes(second)}`,
          ]),
        ),
      });
      // A short run ends before the followed messages are as many as are kept.
      for (const { first, second } of long ? tops : []) {
        assert(second < first + MAX_GROWTH, megabytes(second));
      }
    });
  },
}];
