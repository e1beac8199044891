/**
 * What `deno task produce` prints, line by line, and on which of the two outputs.
 *
 * @module
 */

import { assertEquals, assertMatch } from "@std/assert";
import { InvalidEventError } from "../../lib/base/errors.ts";
import {
  ProduceReport,
  type ProduceReportOptions,
} from "../../lib/cli/produce_report.ts";
import type { EventRecord } from "../../lib/events/record.ts";
import type { EventText } from "../../lib/cli/event_text.ts";
import { orderText } from "../../lib/cli/order_text.ts";
import type { Order } from "../../lib/events/order.ts";
import { captureOutput } from "../support/captured_output.ts";

const RECORD: EventRecord<Order> = {
  topic: "demo",
  partition: 1,
  offset: "6",
  timestamp: 1770085015763,
  key: "diana_martinez",
  headers: [],
  event: {
    event_id: "d19fc126-039e-445e-a159-38d1ef21c70f",
    customer_name: "Diana Martinez",
    drink_name: "Espresso",
    quantity: 1,
    amount: 4.05,
    is_member: false,
    ts_utc: "2026-02-03T02:16:55.763Z",
  },
};

const OPTIONS: ProduceReportOptions = {
  text: orderText as EventText<unknown>,
  topic: "demo",
  count: 5,
  json: false,
  quiet: false,
};

/** A record as `--json` shows it. */
const { headers: _, ...SHOWN } = RECORD;

/** Prints a whole run of one order. */
async function run(options: Partial<ProduceReportOptions>) {
  return await captureOutput(() => {
    const report = new ProduceReport({ ...OPTIONS, ...options });
    report.starting();
    report.sending(1, RECORD.event);
    report.delivered(RECORD);
    report.flushing();
    report.done({ delivered: 1, failed: 0, invalid: 0 });
  });
}

const OPENING = `Starting Cafe Event Producer with Schema Registry...
Generating and sending 5 random customer events to topic 'demo'...

`;
const EVENT =
  `Event 1: Diana Martinez ordered 1x Espresso ($4.05 CAD) - Member: False
Delivered: demo [1] offset=6
`;
const CLOSING = `Flushing remaining messages...
All messages sent successfully!
`;

Deno.test("ProduceReport prints the lines of the contract on standard output, and nothing else", async () => {
  assertEquals(await run({}), {
    stdout: OPENING + EVENT + CLOSING,
    stderr: "",
  });
});

Deno.test("ProduceReport leaves out the lines of each order when it is quiet", async () => {
  assertEquals(await run({ quiet: true }), {
    stdout: OPENING + CLOSING,
    stderr: "",
  });
});

Deno.test("ProduceReport prints one JSON object for each delivered order, and nothing else, when it is to print JSON", async () => {
  for (const quiet of [false, true]) {
    const { stdout, stderr } = await run({ json: true, quiet });
    assertMatch(stdout, /^[^\n]+\n$/);
    assertEquals(stderr, "");
    assertEquals(JSON.parse(stdout), {
      ...SHOWN,
      timestamp: "2026-02-03T02:16:55.763Z",
    });
  }
});

Deno.test("ProduceReport names the file, or standard input, when orders come from there", async () => {
  for (
    const [file, name] of [
      ["orders.ndjson", "'orders.ndjson'"],
      ["-", "standard input"],
    ]
  ) {
    const { stdout } = await run({ file });
    assertEquals(
      stdout.split("\n")[1],
      `Sending the customer events of ${name} to topic 'demo'...`,
    );
  }
});

Deno.test("ProduceReport prints what went wrong on standard error, and no success", async () => {
  for (const json of [false, true]) {
    const printed = await captureOutput(() => {
      const report = new ProduceReport({ ...OPTIONS, json, file: "-" });
      report.invalid(3, new InvalidEventError("Not valid: \u001b[2J"));
      report.failed(RECORD.event, new Error("Kafka is gone"));
      report.done({ delivered: 7, failed: 1, invalid: 2 });
    });
    assertEquals(printed, {
      stdout: "",
      stderr: `Line 3 was not sent: Not valid: \\u001b[2J
Not delivered: order d19fc126-039e-445e-a159-38d1ef21c70f: Kafka is gone
Not everything was sent: 7 delivered, 1 not delivered, 2 not valid.
`,
    });
  }
});
