/**
 * Lines of `consume --json`, read as events to be sent again.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import { InvalidEventError } from "../../../lib/base/errors.ts";
import { readConsumedLine } from "../../../lib/produce/sources/consumed_line.ts";

const LINE = {
  topic: "demo",
  partition: 1,
  offset: "6",
  timestamp: "2026-02-03T02:16:55.763Z",
  key: "bob_smith",
  event: { a: 1 },
};

Deno.test("readConsumedLine() gives the event with its key, timestamp and headers", () => {
  assertEquals(readConsumedLine(LINE), {
    value: { a: 1 },
    key: "bob_smith",
    timestamp: Date.parse(LINE.timestamp),
    headers: [],
  });
  const read = readConsumedLine({
    ...LINE,
    timestamp: null,
    key: null,
    headers: [["a", "x"], ["b", null], ["a", { base64: "/wE=" }]],
  });
  assertEquals(
    [
      read?.timestamp,
      read?.key,
      read?.headers?.map(([name, value]) => [
        name,
        typeof value === "object" && value ? [...value] : value,
      ]),
    ],
    [undefined, null, [["a", "x"], ["b", null], ["a", [0xff, 1]]]],
  );
});

Deno.test("readConsumedLine() reads a key in hexadecimal as bytes when these are not text", () => {
  const keyOf = (key: string) => readConsumedLine({ ...LINE, key })?.key;
  assertEquals([...keyOf("0xff01") as Uint8Array], [0xff, 1]);
  for (const key of ["0x6162", "0xff0", "0xFF", "0x", "ff01", ""]) {
    assertEquals(keyOf(key), key);
  }
});

Deno.test("readConsumedLine() leaves alone what is an event itself", () => {
  const { offset: _, ...less } = LINE;
  for (
    const value of [
      null,
      1,
      [LINE],
      {},
      { event: 1 },
      less,
      { ...LINE, more: 1 },
      { ...LINE, offset: 6 },
      { ...LINE, partition: "1" },
    ]
  ) {
    assertEquals(readConsumedLine(value), undefined, JSON.stringify(value));
  }
});

Deno.test("readConsumedLine() names what can't have been consumed", () => {
  for (
    const [change, message] of [
      [{ key: 1 }, "key must be a text or null"],
      [{ timestamp: "now" }, "timestamp must be a time or null"],
      [{ timestamp: 1 }, "timestamp must be a time or null"],
      [{ timestamp: "5" }, "timestamp must be a time or null"],
      [{ headers: {} }, "headers must be a list"],
      [{ headers: ["a"] }, "headers must be names and values"],
      [{ headers: [["a", 1]] }, "headers must be texts or base64"],
      [
        { headers: [["a", { base64: "4pi!" }]] },
        "headers must be texts or base64",
      ],
    ] as const
  ) {
    const error = assertThrows(
      () => readConsumedLine({ ...LINE, ...change }),
      InvalidEventError,
    );
    assertEquals(error.message, `The consumed line's ${message}`);
  }
});
