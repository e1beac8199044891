/**
 * Dead letters in the page: sent back as they are, and changed first.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { runTaskProcess } from "../support/task_process.ts";
import {
  encodeOrders,
  makeOrder,
  makeTopic,
  sendRaw,
} from "../support/topics.ts";
import { assertQuiet, DashboardTask, pageTest } from "./support.ts";

pageTest(
  "Dead letters: one is changed and sent back, another as it is, each after a second click, and both arrive",
  async (bench) => {
    const { browser, config, database, topic, group } = bench;
    await makeTopic(bench, 1);
    const order = makeOrder({ customer_name: "Zero Cups", quantity: 7 });
    const [valid] = await encodeOrders(bench, [order]);
    const text = JSON.stringify({ ...order, quantity: 0 });
    const frame = valid?.subarray(0, 5) ?? Buffer.alloc(0);
    await sendRaw(config, topic, [
      { key: "zero_cups", value: "not an event" },
      { key: "zero_cups", value: Buffer.concat([frame, Buffer.from(text)]) },
    ]);
    const consumed = await runTaskProcess(config, "consume", [
      `--topic=${topic}`,
      `--group=${group}`,
      "--idle-exit=0.5",
    ]);
    assertEquals(consumed.code, 0);
    await using dashboard = await DashboardTask.launch(config, { database });
    const page = await browser.open(`${dashboard.url}/#/dead-letters`);
    await page.click("table a.name", topic);
    // The newest first.
    await page.click(".rows .row");
    await page.click("button", "Edit and send back");
    await page.click("textarea");
    await page.evaluate("document.querySelector('textarea').select()");
    await page.type("{}");
    await page.click("button", "Check");
    await page.shows(/It can't be sent: /);
    await page.click("textarea");
    await page.evaluate("document.querySelector('textarea').select()");
    await page.type(JSON.stringify(order));
    await page.click("button", "Check");
    await page.shows(`It is valid, and will be sent to ${topic}`);
    await page.click("button", "Send 1 message");
    await page.shows(`Sent: ${topic} [0] offset 2.`);

    await page.click("button", "Send all back");
    await page.shows(`1 message will be sent back to ${topic}`);
    await page.click("button", "Send 1 back");
    await page.shows(
      `1 message sent back: ${topic} [0] offset 3. 0 letters left.`,
    );
    await page.shows(`No dead letters of ${topic} are left.`);
    assertQuiet(page);

    const { stdout } = await runTaskProcess(config, "peek", [
      `--topic=${topic}`,
      "--last=2",
      "--json",
    ]);
    const [changed, same] = stdout.trim().split("\n")
      .map((line) => JSON.parse(line));
    assertEquals([changed.offset, changed.event], ["2", order]);
    assertEquals([same.offset, same.key], ["3", "zero_cups"]);
  },
);
