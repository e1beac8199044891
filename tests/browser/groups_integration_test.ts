/**
 * Groups in the page: where one stands, and setting it back.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { runTaskProcess } from "../support/task_process.ts";
import { committedOffsets, makeTopic } from "../support/topics.ts";
import { assertQuiet, DashboardTask, pageTest, sendOrders } from "./support.ts";

pageTest(
  "Groups: a group is set back after a second click, and can't be where the dashboard is read-only",
  async (bench) => {
    const { browser, config, database, topic, group } = bench;
    await makeTopic(bench, 1);
    await sendOrders(bench, [{}, {}, {}]);
    const consumed = await runTaskProcess(config, "consume", [
      `--topic=${topic}`,
      `--group=${group}`,
      "--count=3",
    ]);
    assertEquals(consumed.code, 0);
    await using dashboard = await DashboardTask.launch(config, { database });
    const page = await browser.open(`${dashboard.url}/#/groups`);
    await page.click("table a.name", group);
    await page.shows("Lag: 0");
    await page.click("button", "Show what would change");
    await page.shows(`${group} would go on: partition 0 at 0 (was 3).`);
    assertEquals(await committedOffsets(bench), { 0: 3 });
    await page.click("button", "Set 1 partition");
    await page.shows(`Done. ${group} goes on: partition 0 at 0 (was 3).`);
    await page.shows("Lag: 3");
    assertEquals(await committedOffsets(bench), { 0: 0 });
    assertQuiet(page);

    await using watched = await DashboardTask.launch(config, {
      database,
      flags: ["--read-only"],
    });
    const watcher = await browser.open(`${watched.url}/#/groups/${group}`);
    await watcher.shows("Lag: 3");
    assert(!/Show what would change/.test(await watcher.text()));
    assertQuiet(watcher);
  },
);
