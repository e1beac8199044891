/**
 * The block and the line of a record, character by character, and that nothing in a record reaches a terminal as anything but text.
 *
 * @module
 */

import { assertEquals, assertMatch } from "@std/assert";
import { describeDelivery, describeRecord } from "../../lib/cli/record_text.ts";
import { orderText } from "../../lib/cli/order_text.ts";
import type { Order } from "../../lib/events/order.ts";
import type { EventRecord } from "../../lib/events/record.ts";
import { toJsonLine } from "../../lib/events/record_json.ts";
import { EVIL, isObeyed } from "../support/unsafe_text.ts";
import { permittedTest } from "../support/permissions.ts";
import { ORDER } from "../support/sample_order.ts";

const RECORD: EventRecord<Order> = {
  topic: "demo",
  partition: 0,
  offset: "5",
  timestamp: new Date(2026, 1, 2, 21, 16, 55, 999).getTime(),
  key: "charlie_davis",
  headers: [],
  event: ORDER,
};

const BLOCK = `Message #1
        ├─ Partition: 0 | Offset: 5
        ├─ Kafka Timestamp: 2026-02-02 21:16:55
        ├─ Event ID: d19fc126-039e-445e-a159-38d1ef21c70f
        ├─ Customer: Charlie Davis (Non-Member)
        ├─ Order: 2x Cold Brew
        ├─ Amount: $3.60
        └─ Event Time (UTC): 2026-02-03T02:16:55.763294+00:00
--------------------------------------------------------------------------------`;

Deno.test("describeRecord() writes the block of the contract", () => {
  assertEquals(describeRecord(1, RECORD, orderText), BLOCK);
  assertEquals(
    describeRecord(12, RECORD, orderText),
    BLOCK.replace("#1", "#12"),
  );
});

Deno.test("describeRecord() keeps every digit of an offset", () => {
  const block = describeRecord(
    1,
    { ...RECORD, offset: "9223372036854775807" },
    orderText,
  );
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
        const block = describeRecord(1, { ...RECORD, timestamp }, orderText);
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
    assertMatch(
      describeRecord(1, record, orderText),
      /\n {8}├─ Kafka Timestamp: none\n/,
    );
    assertEquals(JSON.parse(toJsonLine(record)).timestamp, null);
  }
  assertEquals(
    JSON.parse(toJsonLine({ ...RECORD, timestamp: 0 })).timestamp,
    "1970-01-01T00:00:00.000Z",
  );
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

Deno.test("toJsonLine() writes headers in their sequence where there are some: text as it is, other bytes in base64", () => {
  const bytes = (text: string) => new TextEncoder().encode(text);
  const line = toJsonLine({
    ...RECORD,
    headers: [
      ["trace", bytes("é")],
      ["raw", new Uint8Array([0xff, 0])],
      ["trace", bytes("2")],
      ["none", null],
      [EVIL, bytes(EVIL)],
    ],
  });
  assertEquals(isObeyed(line) || line.includes("\n"), false);
  const [evil] = JSON.parse(line).headers.slice(4);
  assertEquals(JSON.parse(line).headers.slice(0, 4), [
    ["trace", "é"],
    ["raw", { base64: "/wA=" }],
    ["trace", "2"],
    ["none", null],
  ]);
  assertEquals(evil, [EVIL, EVIL.toWellFormed()]);
});
