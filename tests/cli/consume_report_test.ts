/**
 * What `deno task consume` prints, line by line, and on which of the two outputs.
 *
 * @module
 */

import { assertEquals, assertMatch } from "@std/assert";
import {
  ConsumeReport,
  type ConsumeReportOptions,
} from "../../lib/cli/consume_report.ts";
import type { EventRecord } from "../../lib/events/record.ts";
import { describeRecord } from "../../lib/cli/record_text.ts";
import type { EventText } from "../../lib/cli/event_text.ts";
import { orderText } from "../../lib/cli/order_text.ts";
import type { Order } from "../../lib/events/order.ts";
import { captureOutput } from "../support/captured_output.ts";

const RECORD: EventRecord<Order> = {
  topic: "demo",
  partition: 0,
  offset: "5",
  timestamp: 1770085015763,
  key: "charlie_davis",
  headers: [],
  event: {
    event_id: "d19fc126-039e-445e-a159-38d1ef21c70f",
    customer_name: "Charlie Davis",
    drink_name: "Cold Brew",
    quantity: 2,
    amount: 3.6,
    is_member: false,
    ts_utc: "2026-02-03T02:16:55.763294+00:00",
  },
};

const OPTIONS: ConsumeReportOptions = {
  text: orderText as EventText<unknown>,
  topic: "demo",
  group: "cafe-event-consumer-group",
  json: false,
  quiet: false,
};

const CONTEXT = { signal: new AbortController().signal };
/** A record as `--json` shows it. */
const { headers: _, ...SHOWN } = RECORD;

/** Prints a whole run of two orders. */
async function run(options: Partial<ConsumeReportOptions>) {
  return await captureOutput(() => {
    const report = new ConsumeReport({ ...OPTIONS, ...options });
    report.starting();
    report.consumed(RECORD, CONTEXT);
    report.consumed(RECORD, CONTEXT);
    report.stopping();
    report.closed({ consumed: 2 });
  });
}

const OPENING = `Starting Cafe Event Consumer with Schema Registry...
Listening to topic 'demo' (group: cafe-event-consumer-group)...
Press Ctrl+C to stop

${"=".repeat(80)}
`;
const CLOSING = `Shutting down consumer...
Closing consumer...
Consumer closed. Total messages consumed: 2
`;

Deno.test("ConsumeReport prints the lines of the contract on standard output, numbers the messages, and nothing else", async () => {
  const blocks = `${describeRecord(1, RECORD, orderText)}\n${
    describeRecord(2, RECORD, orderText)
  }\n`;
  assertEquals(await run({}), {
    stdout: OPENING + blocks + CLOSING,
    stderr: "",
  });
});

Deno.test("ConsumeReport leaves out the blocks when it is quiet", async () => {
  assertEquals(await run({ quiet: true }), {
    stdout: OPENING + CLOSING,
    stderr: "",
  });
});

Deno.test("ConsumeReport prints one JSON object for each order, and nothing else, when it is to print JSON", async () => {
  for (const quiet of [false, true]) {
    const { stdout, stderr } = await run({ json: true, quiet });
    assertMatch(stdout, /^[^\n]+\n[^\n]+\n$/);
    assertEquals(stderr, "");
    for (const line of stdout.trim().split("\n")) {
      assertEquals(JSON.parse(line), {
        ...SHOWN,
        timestamp: "2026-02-03T02:16:55.763Z",
      });
    }
  }
});

Deno.test("ConsumeReport escapes a group's name", async () => {
  const { stdout } = await run({ group: "a\u001b[2J" });
  assertMatch(stdout, /\(group: a\\u001b\[2J\)\.\.\.\n/);
});
