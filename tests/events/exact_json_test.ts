/**
 * Numbers that JavaScript keeps, and those that it would turn into others.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import { InvalidEventError } from "../../lib/base/errors.ts";
import { refuseInexact } from "../../lib/events/exact_json.ts";

const refuse = (json: string) =>
  refuseInexact(json, { value: JSON.parse(json) });

const INEXACT = [
  "9007199254740992",
  "9007199254740993",
  "-9007199254740993",
  "12345678901234567890",
  "1152921504606846976",
  "1e400",
  "-1E+400",
  "1e-400",
  "1.5e-3240",
  "0.1234567890123456789",
  "4.050000000000000001",
  "1234567890.12345678",
  "4.9406564584124654417e-324",
  "1e0000000000000000000000400",
  `1${"0".repeat(400)}`,
  `1.${"0".repeat(400)}1`,
];

const EXACT = [
  "0",
  "-0",
  "9007199254740991",
  "-9007199254740991",
  "4.05",
  "1.10",
  "0.30000000000000004",
  "5e-324",
  "1.7976931348623157e+308",
  "1.7976931348623157E308",
  "6.02214076e23",
  "1e100",
  "1.00000000000000000000000",
  "100.000000000000000e-2",
  "0e999",
  "0.00000000000000000000000",
];

Deno.test("refuseInexact() refuses a number that would become another one, wherever it stands", () => {
  for (const digits of INEXACT) {
    const shown = digits.length > 40 ? `${digits.slice(0, 40)}…` : digits;
    for (
      const [text, field] of [
        [digits, "the event"],
        [`{"card":${digits}}`, "card"],
        [`{"a":1,"card" :\n${digits} ,"b":"c"}`, "card"],
        [`{"a":{"b":[1,{"c":2},[${digits}]]},"d":1}`, "a/b/2/0"],
      ] as const
    ) {
      const error = assertThrows(() => refuse(text), InvalidEventError);
      assertEquals(
        error.message,
        `${field} is a number that can't be kept exactly: ${shown}`,
      );
    }
  }
});

Deno.test("refuseInexact() lets numbers through that are written again with the same value", () => {
  for (const digits of EXACT) {
    refuse(digits);
    refuse(`{"a":[${digits}]}`);
  }
});

Deno.test("refuseInexact() lets every number through that JavaScript writes, integers beyond 2^53 apart", () => {
  const bits = new DataView(new ArrayBuffer(8));
  for (let i = 0; i < 20_000; i++) {
    crypto.getRandomValues(new Uint8Array(bits.buffer));
    const value = bits.getFloat64(0);
    const digits = String(value);
    if (!Number.isFinite(value) || /^-?\d{16,}$/.test(digits)) continue;
    refuse(digits);
  }
});

Deno.test("refuseInexact() leaves digits within text alone", () => {
  for (
    const text of [
      '"9007199254740993"',
      '{"9007199254740993":"1e400"}',
      '[", 9007199254740993", ":1e400", "\\" : 1e400 "]',
      '{"event_id":"00000000-0000-4000-8000-1e4000000000"}',
    ]
  ) {
    refuse(text);
  }
});

Deno.test("refuseInexact() finds a long number at every place of a text", () => {
  for (let blanks = 0; blanks < 40; blanks++) {
    assertThrows(
      () => refuse(`${" ".repeat(blanks)}9007199254740993`),
      InvalidEventError,
    );
  }
});

Deno.test("refuseInexact() throws InvalidEventError when the text is nested too deeply to be read again", () => {
  const levels = 200_000;
  assertThrows(
    () => refuse(`${"[".repeat(levels)}1e400${"]".repeat(levels)}`),
    InvalidEventError,
    "The event is nested too deeply",
  );
});
