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
import { InvalidEventError } from "../../lib/base/errors.ts";
import { captureOutput, withoutDuration } from "../support/captured_output.ts";
import { ORDER } from "../support/sample_order.ts";

const RECORD: EventRecord<Order> = {
  topic: "demo",
  partition: 0,
  offset: "5",
  timestamp: 1770085015763,
  key: "charlie_davis",
  headers: [],
  event: ORDER,
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

/** Prints a whole run of two events. */
async function run(
  options: Partial<ConsumeReportOptions>,
  { terminal = false, failed = false, between = (_: ConsumeReport) => {} } = {},
) {
  return await captureOutput(async () => {
    const report = new ConsumeReport({ ...OPTIONS, ...options });
    report.starting();
    report.assigned([0, 1, 2]);
    report.consumed(RECORD, CONTEXT);
    between(report);
    report.consumed(RECORD, CONTEXT);
    if (!failed) report.stopping();
    await report.closed();
    report.account(failed);
  }, { terminal });
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

Deno.test("ConsumeReport leaves out the blocks and prints an account when it is quiet", async () => {
  const { stdout, stderr } = await run({ quiet: true });
  assertEquals(stdout, OPENING + CLOSING);
  assertEquals(withoutDuration(stderr), "Consumed 2 events.\n");
});

Deno.test("ConsumeReport prints one JSON object for each order, and nothing else, when it is to print JSON", async () => {
  for (const quiet of [false, true]) {
    const { stdout } = await run({ json: true, quiet });
    assertMatch(stdout, /^[^\n]+\n[^\n]+\n$/);
    for (const line of stdout.trim().split("\n")) {
      assertEquals(JSON.parse(line), {
        ...SHOWN,
        timestamp: "2026-02-03T02:16:55.763Z",
      });
    }
  }
});

Deno.test("ConsumeReport.account() is for a terminal when nothing is missing", async () => {
  const json = { json: true, count: 2 };
  assertEquals((await run(json)).stderr, "");
  const { stderr } = await run(json, { terminal: true });
  assertEquals(withoutDuration(stderr), "Consumed 2 events.\n");
  assertMatch(stderr, / in \d+ ms\b/);
});

Deno.test("ConsumeReport.account() has what was set aside, and is always printed when dead letters were", async () => {
  const place = { topic: "demo", partition: 0, offset: "6" };
  const tombstone = (report: ConsumeReport) => report.tombstone(place, null);
  const { stderr } = await run({ json: true }, {
    between(report) {
      tombstone(report);
      const letter = { ...place, topic: "demo.dlq" };
      const error = new InvalidEventError("Not JSON");
      report.setAside({ ...place, error, letter });
    },
  });
  assertEquals(
    withoutDuration(stderr),
    `Tombstone: demo [0] offset=6 (no key)
Can't read message demo [0] offset=6: Not JSON
  It is kept: demo.dlq [0] offset=6
Consumed 2 events; set aside: 1 dead letter, 1 tombstone.
`,
  );
  const other = await run({ json: true }, { between: tombstone });
  assertEquals(other.stderr, "Tombstone: demo [0] offset=6 (no key)\n");
});

Deno.test("ConsumeReport.account() is always printed when events are missing", async () => {
  const short = await run({ json: true, count: 1_000 });
  assertEquals(
    withoutDuration(short.stderr),
    "Consumed 2 of 1,000 events; stopped before the rest.\n",
  );
  const failed = await run({}, { failed: true });
  assertEquals(failed.stdout.endsWith(CLOSING), true);
  assertEquals(
    withoutDuration(failed.stderr),
    "Consumed 2 events; stopped before the rest.\n",
  );
});

Deno.test("ConsumeReport.assigned() prints each other assignment on standard error", async () => {
  const { stdout, stderr } = await run({}, {
    between(report) {
      report.assigned([0, 1, 2]);
      report.assigned([1]);
      report.assigned([1]);
      report.assigned([]);
      report.assigned([1]);
    },
  });
  assertEquals(stdout.startsWith(OPENING), true);
  assertEquals(
    stderr,
    "Assigned partitions of 'demo': 1\nAssigned partitions of 'demo': 1\n",
  );
});

Deno.test("ConsumeReport escapes a group's name", async () => {
  const { stdout } = await run({ group: "a\u001b[2J" });
  assertMatch(stdout, /\(group: a\\u001b\[2J\)\.\.\.\n/);
});
