/**
 * The page while what it needs is away: the broker, the registry, the dashboard.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { freePorts } from "../../lib/engine/ports.ts";
import { startThrowawayEngine } from "../support/throwaway_engine.ts";
import { resolveConfig } from "../../lib/settings/config.ts";
import { eventually } from "../support/eventually.ts";
import { makeTopic } from "../support/topics.ts";
import { DashboardTask, pageTest, sendOrders, startStore } from "./support.ts";

pageTest(
  "the page tells that the broker, the registry or the dashboard is away, keeps what it has, and comes back by itself",
  async ({ browser, topic, group, database }) => {
    // The others' engine must not be restarted.
    await using engine = await startThrowawayEngine();
    const config = resolveConfig({
      brokers: engine.brokers,
      registry: engine.registryUrl,
    });
    const bench = { browser, config, topic, group, database };
    await makeTopic(bench, 1);
    await sendOrders(bench, [{ customer_name: "Early Guest" }]);
    await using store = startStore(bench);
    await store.until(/stored so far: 1/);
    const port = freePorts(1)[0] ?? 0;
    let dashboard = await DashboardTask.launch(config, { database, port });
    try {
      const today = await browser.open(dashboard.url);
      const topics = await browser.open(`${dashboard.url}/#/topics`);
      await today.shows("Early Guest", ".orders");
      await topics.shows(topic, "table");

      await engine.broker.kill();
      await topics.shows(/can't be reached/, ".notice");
      await topics.shows(topic, "table");
      await today.shows(/live, with trouble/, "header");
      await today.shows("Early Guest", ".orders");
      const said = (await topics.text("main")).match(/can't be reached/g);
      assertEquals(said?.length, 1);
      const late = await browser.open(
        `${dashboard.url}/#/topics/${topic}/messages`,
      );
      await late.shows(/can't be reached/, ".notice");
      await engine.broker.start();
      await topics.shows(/^live/, ".connection");
      await late.shows("Early Guest", ".rows");
      await sendOrders(bench, [{ customer_name: "Late Guest" }]);
      await today.shows("Late Guest", ".orders");

      await dashboard[Symbol.asyncDispose]();
      await today.shows(
        /connection to the pipeline was lost at \d\d:\d\d:\d\d/,
      );
      await today.shows("Late Guest", ".orders");
      await engine.registry.kill();
      dashboard = await DashboardTask.launch(config, { database, port });
      const messages = await browser.open(
        `${dashboard.url}/#/topics/${topic}/messages`,
      );
      await messages.shows(/messages are shown as bytes/, ".notice");
      await messages.shows(/Registry can't be reached/, ".rows");
      await today.shows(/live, with trouble/, "header");
      await today.shows("Late Guest", ".orders");
      await engine.registry.start();
      const answers = () =>
        messages.evaluate<number>(
          `performance.getEntriesByType("resource").filter(({ name }) => name.includes("/messages")).length`,
        );
      await eventually("the messages can be read", async () => {
        const before = await answers();
        await messages.click("button", "Reload");
        // A second click would have the page drop the answer to the first.
        await eventually("an answer", async () => await answers() > before);
        return (await messages.text(".rows")).includes("Late Guest");
      });
      await today.shows(/^live/, ".connection");
      await topics.shows(/^live/, ".connection");
      await eventually(
        "topics without a notice",
        async () => await topics.text(".notice") === "",
      );
      // What is not loaded meanwhile is all that the browser notes.
      assertEquals(
        [today, topics, late, messages].flatMap(({ complaints }) => complaints)
          .filter((
            text,
          ) => !/Failed to load resource|ERR_/.test(text)),
        [],
      );
    } finally {
      await dashboard[Symbol.asyncDispose]();
    }
  },
);
