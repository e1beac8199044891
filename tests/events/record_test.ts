/**
 * The lines and blocks of the contract, character by character, and that nothing in an order reaches a terminal as anything
 * but text.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  describeDelivery,
  describeRecord,
  describeSending,
  type EventRecord,
  toJsonLine,
} from "../../lib/events/record.ts";
import { describeTopicResult } from "../../lib/cli/topic_report.ts";
import { printable } from "../../lib/base/terminal_text.ts";
import { permittedTest } from "../support/permissions.ts";

const RECORD: EventRecord = {
  topic: "demo",
  partition: 0,
  offset: "5",
  timestamp: new Date(2026, 1, 2, 21, 16, 55, 999).getTime(),
  key: "charlie_davis",
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

function withEvent(changes: Partial<EventRecord["event"]>): EventRecord {
  return { ...RECORD, event: { ...RECORD.event, ...changes } };
}

const BLOCK =
  `================================================================================
Message #1
        ├─ Partition: 0 | Offset: 5
        ├─ Kafka Timestamp: 2026-02-02 21:16:55
        ├─ Event ID: d19fc126-039e-445e-a159-38d1ef21c70f
        ├─ Customer: Charlie Davis (Non-Member)
        ├─ Order: 2x Cold Brew
        ├─ Amount: $3.60
        └─ Event Time (UTC): 2026-02-03T02:16:55.763294+00:00
--------------------------------------------------------------------------------`;

Deno.test("describeRecord() writes the block of the contract", () => {
  assertEquals(describeRecord(1, RECORD), BLOCK);
  const member = describeRecord(12, withEvent({ is_member: true }));
  assertEquals(
    member,
    BLOCK.replace("#1", "#12").replace("(Non-Member)", "(Member)"),
  );
});

Deno.test("describeRecord() keeps every digit of an offset", () => {
  const block = describeRecord(1, { ...RECORD, offset: "9223372036854775807" });
  assertMatch(block, /Offset: 9223372036854775807\n/);
});

permittedTest(
  "describeRecord() shows Kafka's timestamp in the machine's time zone",
  [{ name: "env", variable: "TZ" }],
  () => {
    const timestamp = Date.UTC(2026, 1, 3, 2, 16, 55);
    const zone = Deno.env.get("TZ");
    try {
      for (
        const [name, time] of [
          ["America/Toronto", "2026-02-02 21:16:55"],
          ["Asia/Kolkata", "2026-02-03 07:46:55"],
          ["UTC", "2026-02-03 02:16:55"],
        ]
      ) {
        Deno.env.set("TZ", String(name));
        const block = describeRecord(1, { ...RECORD, timestamp });
        assertEquals(block, BLOCK.replace("2026-02-02 21:16:55", String(time)));
      }
    } finally {
      if (zone === undefined) Deno.env.delete("TZ");
      else Deno.env.set("TZ", zone);
    }
  },
);

Deno.test("describeRecord() and toJsonLine() get by when a message has no timestamp, or one that no calendar has", () => {
  for (const timestamp of [-1, 8.64e15 + 1, 2 ** 62, NaN]) {
    const record = { ...RECORD, timestamp };
    assertMatch(describeRecord(1, record), /\n {8}├─ Kafka Timestamp: none\n/);
    assertEquals(JSON.parse(toJsonLine(record)).timestamp, null);
  }
  assertEquals(
    JSON.parse(toJsonLine({ ...RECORD, timestamp: 0 })).timestamp,
    "1970-01-01T00:00:00.000Z",
  );
});

Deno.test("describeSending() writes the line of the contract", () => {
  const { event } = withEvent({
    customer_name: "Diana Martinez",
    drink_name: "Espresso",
    quantity: 1,
    amount: 4.05,
  });
  assertEquals(
    describeSending(1, event),
    "Event 1: Diana Martinez ordered 1x Espresso ($4.05 CAD) - Member: False",
  );
  assertEquals(
    describeSending(10, { ...event, quantity: 12, is_member: true }),
    "Event 10: Diana Martinez ordered 12x Espresso ($4.05 CAD) - Member: True",
  );
});

Deno.test("describeSending() and describeRecord() write two decimals, whatever the amount", () => {
  const amounts: [number, string][] = [
    [0, "0.00"],
    [-0, "0.00"],
    [3, "3.00"],
    [3.6, "3.60"],
    [0.1 + 0.2, "0.30"],
    [19.8, "19.80"],
    [1234567.891, "1234567.89"],
  ];
  for (const [amount, text] of amounts) {
    const record = withEvent({ amount });
    assert(describeSending(1, record.event).includes(`($${text} CAD)`));
    assert(describeRecord(1, record).includes(`Amount: $${text}\n`));
  }
});

Deno.test("describeDelivery() writes the line of the contract, and says so when the broker doesn't answer", () => {
  assertEquals(
    describeDelivery({ topic: "demo", partition: 1, offset: "6" }),
    "Delivered: demo [1] offset=6",
  );
  assertEquals(
    describeDelivery({ topic: "demo", partition: 1, offset: "-1" }),
    "Sent: demo [1] (acks 0: the broker doesn't answer)",
  );
});

Deno.test("describeTopicResult() writes the lines of the contract, and each difference", () => {
  const wanted = { topic: "demo", partitions: 3, replicationFactor: 1 };
  const lines: [number, number, string][] = [
    [3, 1, "Topic 'demo' already exists!"],
    [
      6,
      1,
      "Topic 'demo' already exists!\nIt has 6 partitions, not 3.",
    ],
    [
      3,
      2,
      "Topic 'demo' already exists!\nIt has a replication factor of 2, not 1.",
    ],
    [
      6,
      2,
      "Topic 'demo' already exists!\nIt has 6 partitions, not 3, and a replication factor of 2, not 1.",
    ],
  ];
  for (const [partitions, replicationFactor, text] of lines) {
    const result = { partitions, replicationFactor, created: false };
    assertEquals(describeTopicResult(wanted, result), text);
  }
  assertEquals(
    describeTopicResult(wanted, { ...wanted, created: true }),
    "Topic 'demo' created successfully with 3 partitions and a replication factor of 1.",
  );
});

/** Characters that a terminal would obey, hide or trip over, and how each is shown. */
const UNSAFE: readonly [string, string][] = [
  ["\u001b[2J", "\\u001b[2J"],
  ["\r", "\\u000d"],
  ["\n", "\\u000a"],
  ["\t", "\\u0009"],
  ["\b", "\\u0008"],
  ["\u0007", "\\u0007"],
  ["\0", "\\u0000"],
  ["\u007f", "\\u007f"],
  ["\u009b31m", "\\u009b31m"],
  ["\u0085", "\\u0085"],
  ["\u2028", "\\u2028"],
  ["\u2029", "\\u2029"],
  ["\u061c", "\\u061c"],
  ["\u200e", "\\u200e"],
  ["\u200f", "\\u200f"],
  ["\u202a", "\\u202a"],
  ["\u202e", "\\u202e"],
  ["\u2066", "\\u2066"],
  ["\u2069", "\\u2069"],
  ["\ufeff", "\\ufeff"],
  ["\ud800", "\\ud800"],
  ["\udfff", "\\udfff"],
];

Deno.test("printable() shows what a terminal would obey, and leaves text as it is", () => {
  for (const [unsafe, shown] of UNSAFE) {
    assertEquals(printable(`a${unsafe}b`), `a${shown}b`);
  }
  for (
    const text of ["", "Zoé", "山田 太郎", "☕ 👩‍🍳 𝄞", "a\u00a0b", "\\u001b"]
  ) {
    assertEquals(printable(text), text);
  }
});

Deno.test("printable() cuts very long text, never within a character, and says how long it is", () => {
  assertEquals(printable("x".repeat(1_000)), "x".repeat(1_000));
  assertEquals(
    printable("x".repeat(1_001)),
    `${"x".repeat(1_000)}… (1001 characters)`,
  );
  const cut = printable("x".repeat(999) + "𝄞".repeat(10));
  assert(cut.isWellFormed());
  assertMatch(cut, /^x{999}.*… \(1019 characters\)$/);
  assert(printable("\u001b".repeat(1_000_000)).length < 7_000);
});

/** Whether a terminal would obey any of it, line feeds apart. Written apart from the code under test. */
function isObeyed(text: string): boolean {
  return Array.from(text, (character) => character.codePointAt(0) ?? 0).some((
    code,
  ) =>
    (code < 0x20 && code !== 0x0a) || (code >= 0x7f && code < 0xa0) ||
    (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069)
  );
}

const EVIL = UNSAFE.map(([unsafe]) => unsafe).join("\\\"'{");

Deno.test("describeRecord() and describeSending() escape every text of an order", () => {
  for (
    const field of [
      "event_id",
      "customer_name",
      "drink_name",
      "ts_utc",
    ] as const
  ) {
    const record = withEvent({ [field]: EVIL });
    const block = describeRecord(1, record);
    assertEquals(isObeyed(block), false, field);
    assertEquals(block.split("\n").length, 10, field);
    const line = describeSending(1, record.event);
    assertEquals(isObeyed(line) || line.includes("\n"), false, field);
  }
});

Deno.test("toJsonLine() writes the object of the contract on one line", () => {
  const timestamp = Date.UTC(2026, 1, 3, 2, 16, 55, 763);
  assertEquals(
    toJsonLine({ ...RECORD, timestamp }),
    '{"topic":"demo","partition":0,"offset":"5","timestamp":"2026-02-03T02:16:55.763Z","key":"charlie_davis",' +
      '"event":{"event_id":"d19fc126-039e-445e-a159-38d1ef21c70f","customer_name":"Charlie Davis","drink_name":"Cold Brew",' +
      '"quantity":2,"amount":3.6,"is_member":false,"ts_utc":"2026-02-03T02:16:55.763294+00:00"}}',
  );
  assertEquals(JSON.parse(toJsonLine({ ...RECORD, key: null })).key, null);
});

Deno.test("toJsonLine() escapes what a terminal would obey so that it parses back to the same order, uncut", () => {
  const long = `${EVIL}${"x".repeat(5_000)}`;
  const event = {
    ...RECORD.event,
    customer_name: long,
    [EVIL]: { [EVIL]: [EVIL] },
  };
  const line = toJsonLine({ ...RECORD, key: EVIL, event });
  assertEquals(isObeyed(line) || line.includes("\n"), false);
  const parsed = JSON.parse(line);
  assertEquals(parsed.event, event);
  assertEquals(parsed.key, EVIL);
});
