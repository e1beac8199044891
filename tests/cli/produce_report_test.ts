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
import { captureOutput, withoutDuration } from "../support/captured_output.ts";

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

/** Prints a whole run of one event. */
async function run(
  options: Partial<ProduceReportOptions>,
  { terminal = false, complete = true, offset = "6" } = {},
) {
  return await captureOutput(async () => {
    const report = new ProduceReport({ ...OPTIONS, ...options });
    report.starting();
    report.sending(1, RECORD.event);
    report.delivered({ ...RECORD, offset });
    report.flushing();
    await report.done(complete);
    report.account(complete);
  }, { terminal });
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
    stdout: `${OPENING}${EVENT}\n${CLOSING}`,
    stderr: "",
  });
});

Deno.test("ProduceReport leaves out the lines of each order and prints an account when it is quiet", async () => {
  const { stdout, stderr } = await run({ quiet: true, count: 1 });
  assertEquals(
    stdout,
    OPENING.replace("5 random customer events", "1 random customer event") +
      CLOSING,
  );
  assertEquals(withoutDuration(stderr), "Delivered 1 event.\n");
});

Deno.test("ProduceReport prints one JSON object for each delivered order, and nothing else, when it is to print JSON", async () => {
  for (const quiet of [false, true]) {
    const { stdout } = await run({ json: true, quiet });
    assertMatch(stdout, /^[^\n]+\n$/);
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
      ["a\nb", "'a\\u000ab'"],
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

Deno.test("ProduceReport.account() is for a terminal when nothing is missing", async () => {
  assertEquals((await run({ json: true, file: "-" })).stderr, "");
  const { stderr } = await run({ json: true, file: "-" }, { terminal: true });
  assertEquals(withoutDuration(stderr), "Delivered 1 event.\n");
  const sent = await run({ file: "-", quiet: true }, { offset: "-1" });
  assertEquals(withoutDuration(sent.stderr), "Sent 1 event.\n");
});

Deno.test("ProduceReport.account() is always printed, and no success, when a stop left events unsent", async () => {
  for (
    const [file, account] of [
      [undefined, "Delivered 1 of 5 events; stopped before the rest.\n"],
      ["-", "Delivered 1 event; stopped before the rest.\n"],
    ]
  ) {
    const { stdout, stderr } = await run({ file }, { complete: false });
    assertEquals(stdout.endsWith("\nFlushing remaining messages...\n"), true);
    assertEquals(withoutDuration(stderr), account);
  }
});

Deno.test("ProduceReport.done() says that there was nothing to send when the source was empty", async () => {
  const printed = await captureOutput(async () => {
    const report = new ProduceReport({ ...OPTIONS, file: "-" });
    report.flushing();
    await report.done(true);
    report.account(true);
  });
  assertEquals(printed, {
    stdout: "Flushing remaining messages...\nNo events to send.\n",
    stderr: "",
  });
});

Deno.test("ProduceReport prints what went wrong on standard error, and no success", async () => {
  for (const json of [false, true]) {
    const { stdout, stderr } = await captureOutput(async () => {
      const report = new ProduceReport({ ...OPTIONS, json, file: "-" });
      report.sending(1, RECORD.event);
      report.invalid(3, new InvalidEventError("Not valid: \u001b[2J"));
      report.failed(RECORD.event, new Error("Kafka\nis gone"));
      await report.done(true);
      report.account(true);
    });
    assertEquals(stdout.split("\n").length, json ? 1 : 2);
    assertEquals(
      withoutDuration(stderr),
      `Line 3 was not sent: Not valid: \\u001b[2J
Not delivered: order d19fc126-039e-445e-a159-38d1ef21c70f: Kafka\\u000ais gone
Delivered 0 of 2 events; 1 not delivered, 1 not valid.
`,
    );
  }
});
