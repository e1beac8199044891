/**
 * The page in a real browser, on a real Kafka, a real registry and a real store.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import { makeTopic, sendRaw } from "../support/topics.ts";
import {
  assertQuiet,
  DashboardTask,
  obstacles,
  pageTest,
  sendOrders,
  startStore,
} from "./support.ts";

pageTest(
  "each place is accessible in light and dark, fits 360 px, and complains of nothing",
  async (bench) => {
    const { browser, config, database, topic, group } = bench;
    await makeTopic(bench);
    await sendOrders(bench, [{}, {}, { customer_name: "A".repeat(200) }]);
    await sendRaw(config, topic, [{ partition: 0, value: "not an event" }]);
    await using store = startStore(bench);
    await store.until(/stored so far: 3/);
    await store.until(/It is kept/, "stderr");
    await using dashboard = await DashboardTask.launch(config, { database });
    const places = [
      ["today", /Latest orders/],
      ["nonsense", /There is no such place\s+Go to Today or Kafka/],
      ["topics", topic],
      [`topics/${topic}`, /Next offset/],
      [`topics/${topic}/messages?open=0%400`, /charlie_davis|somebody/],
      [`topics/${topic}/settings`, "cleanup.policy"],
      ["groups", group],
      [`groups/${group}`, /Committed/],
      ["schemas", `${topic}-value`],
      [`schemas/${topic}-value`, /additionalProperties/],
      ["dead-letters", topic],
      [`dead-letters/${topic}?open=0%400`, /Edit and send back/],
    ] as const;
    const page = await browser.open(dashboard.url);
    const found: string[] = [];
    for (const [place, text] of places) {
      await page.goTo(`${dashboard.url}/#/${place}`);
      await page.shows(text, "main");
      for (const dark of [false, true]) {
        await page.look({ dark });
        found.push(...(await obstacles(page)).map((one) => `${place}: ${one}`));
      }
      await page.look({ width: 360, height: 800 });
      // The chart is drawn again a moment after the width has changed.
      await eventually(`${place} fits 360 px`, () =>
        page.evaluate<boolean>(
          "document.documentElement.scrollWidth <= innerWidth",
        ));
    }
    assertEquals(found, []);
    assertQuiet(page);
  },
);

pageTest(
  "Messages has only the rows in sight in the document, holds what comes while the reader has scrolled, and shows it when asked",
  async (bench) => {
    const { browser, config, database, topic } = bench;
    await makeTopic(bench, 1);
    const count = 1_500;
    await sendOrders(bench, Array.from({ length: count }, () => ({})));
    await using dashboard = await DashboardTask.launch(config, { database });
    const page = await browser.open(
      `${dashboard.url}/#/topics/${topic}/messages?follow=1`,
    );
    const offsets = () =>
      page.evaluate<number[]>(
        `[...document.querySelectorAll(".rows .row")].map((row) => Number(row.cells[1].innerText))`,
      );
    await eventually("rows", async () => (await offsets()).length > 0);
    await page.evaluate("document.querySelector('.rows table').focus()");
    await eventually("the oldest message", async () => {
      await page.press("End");
      return (await offsets()).at(-1) === 0;
    });
    assert((await offsets()).length < 60);
    await page.shows(`${count.toLocaleString("en")} messages`, ".tools");
    await sendOrders(bench, [{}, {}]);
    await page.shows(/^2 new$/m);
    assertEquals((await offsets()).at(-1), 0);
    await page.click(".newer");
    await eventually(
      "the newest message",
      async () => (await offsets())[0] === count + 1,
    );
    await sendOrders(bench, [{}]);
    await eventually(
      "what comes while at the top",
      async () => (await offsets())[0] === count + 2,
    );
    assertQuiet(page);
  },
);

pageTest(
  "Schemas and Messages are loaded once they are seen, where they were opened behind another tab",
  async ({ browser, config, database, topic, ...bench }) => {
    await makeTopic({ ...bench, config, topic }, 1);
    await sendOrders({ ...bench, config, topic }, [{}]);
    await using dashboard = await DashboardTask.launch(config, { database });
    for (
      const [place, content] of [
        ["schemas", `${topic}-value`],
        [`topics/${topic}/messages`, "1 message"],
      ]
    ) {
      const page = await browser.open(`${dashboard.url}/#/${place}`);
      await page.call("Page.addScriptToEvaluateOnNewDocument", {
        source:
          `Object.defineProperty(document, "hidden", { get: () => globalThis.isSeen !== true });
          const send = fetch;
          globalThis.askedUnseen = [];
          globalThis.fetch = (path, init) => {
            if (document.hidden) askedUnseen.push(path);
            return send(path, init);
          };`,
      });
      await page.call("Page.reload");
      await page.shows(/Loading/, "main");
      await page.evaluate("isSeen = true");
      await page.shows(content ?? "", "main");
      assertEquals(await page.evaluate("askedUnseen"), []);
      assertQuiet(page);
    }
  },
);
