/**
 * Takes the picture of the page that is in the README, of a day of the cafe at three minutes past two, on an engine of its own and
 * with the machine's font:
 *
 * ```sh
 * deno run -q --no-prompt -P=test --allow-write=.data,.engine,tests/browser,/tmp tests/browser/picture.ts
 * ```
 *
 * @module
 */

import { startThrowawayEngine } from "../support/throwaway_engine.ts";
import { loyaltyScans } from "../../lib/events/loyalty_scan.ts";
import { orders } from "../../lib/events/order.ts";
import { ordersFrom, scansFrom } from "../../lib/events/order_day.ts";
import { resolveConfig } from "../../lib/settings/config.ts";
import { type PipelineTask, runTaskProcess } from "../support/task_process.ts";
import { Chromium } from "./chromium.ts";
import { DashboardTask, withDatabase } from "./support.ts";

const FILE = new URL("today.webp", import.meta.url);
const SEED = 1;
/** The time of the picture. Tomorrow: the page goes by the newest order where that is ahead of the clock. */
const until = Temporal.Now.zonedDateTimeISO().add({ days: 1 })
  .withPlainTime("14:03:27");
/** The day before is the line that the day is compared with. */
const first = { seed: SEED, date: until.toPlainDate().subtract({ days: 1 }) };

/** Writes events up to the time of the picture as NDJSON. */
function linesOf(events: Iterable<{ readonly ts_utc: string }>): string {
  const lines: string[] = [];
  for (const event of events) {
    if (Date.parse(event.ts_utc) > until.epochMilliseconds) break;
    lines.push(JSON.stringify(event));
  }
  return lines.join("\n");
}

await using engine = await startThrowawayEngine();
const config = resolveConfig({
  brokers: engine.brokers,
  registry: engine.registryUrl,
});

async function run(
  task: PipelineTask,
  args: readonly string[],
  input?: string,
): Promise<void> {
  const { code, stderr } = await runTaskProcess(config, task, args, {
    ...(input !== undefined && { input }),
  });
  if (code !== 0) throw new Error(`${task}: ${stderr}`);
}

await withDatabase(async (database) => {
  for (
    const [type, lines] of [
      [orders, linesOf(ordersFrom(first))],
      [loyaltyScans, linesOf(scansFrom(first))],
    ] as const
  ) {
    // In one partition the newest orders are stored last, as when they come one by one.
    await run("topic", [`--topic=${type.topic}`, "--partitions=1"]);
    const event = `--event=${type.name}`;
    await run("produce", [event, "--file=-", "--format=ndjson"], lines);
    await run("store", [
      event,
      `--group=${type.name}`,
      `--database=${database}`,
      "--idle-exit=2",
    ]);
  }
  await using dashboard = await DashboardTask.launch(config, { database });
  await using browser = await Chromium.launch();
  const page = await browser.open(dashboard.url, { width: 1_280, height: 960 });
  await page.shows(/Loyalty points/);
  await page.evaluate(
    "Promise.all(document.getAnimations().map(({ finished }) => finished)).then(() => 0)",
  );
  await Deno.writeFile(FILE, await page.picture());
});
