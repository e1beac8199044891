/**
 * The bytes of a message's value: Confluent's header, JSON behind it, and everything that isn't that.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertThrows,
} from "@std/assert";
import { InvalidEventError } from "../../lib/base/errors.ts";
import { counted } from "../../lib/base/plural.ts";
import {
  frame,
  HEADER_LENGTH,
  parsePayload,
  unframe,
} from "../../lib/events/wire_format.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);

Deno.test("frame() writes a zero byte, the id big-endian in four, and the payload in UTF-8", () => {
  const frames: [number, string, string][] = [
    [1, "{}", "00000000017b7d"],
    [0, "1", "000000000031"],
    [258, "[]", "00000001025b5d"],
    [0x01020304, '"é☕"', "000102030422c3a9e2989522"],
    [0x7fffffff, "0", "007fffffff30"],
    [7, "", "0000000007"],
  ];
  for (const [id, json, hex] of frames) {
    assertEquals(frame(id, json).toHex(), hex);
  }
});

Deno.test("frame() throws when the id doesn't fit", () => {
  for (const id of [-1, 1.5, 2 ** 31, NaN, Infinity]) {
    assertThrows(
      () => frame(id, "{}"),
      RangeError,
      `A schema id is a whole number from 0 to 2147483647: ${id}`,
    );
  }
});

Deno.test("unframe() gives back what frame() took", () => {
  for (const id of [0, 1, 255, 256, 65_536, 0x01020304, 0x7fffffff]) {
    const { schemaId, payload } = unframe(frame(id, '{"a":"é☕"}'));
    assertEquals(schemaId, id);
    assertEquals(parsePayload(payload), { a: "é☕" });
  }
});

Deno.test("unframe() reads a view where it begins, and copies nothing", () => {
  const around = new Uint8Array([9, 9, 0, 0, 0, 1, 2, 0x31, 9]);
  const { schemaId, payload } = unframe(around.subarray(2, 8));
  assertEquals(schemaId, 258);
  assertEquals([...payload], [0x31]);
  assert(payload.buffer === around.buffer);
});

Deno.test("unframe() reads an id as unsigned when its highest bit is set", () => {
  const value = new Uint8Array([0, 0xff, 0xff, 0xff, 0xff]);
  assertEquals(unframe(value).schemaId, 4_294_967_295);
});

Deno.test("unframe() refuses a value that ends within the header, at every length", () => {
  const whole = frame(1, "{}");
  for (let length = 0; length < HEADER_LENGTH; length++) {
    const error = assertThrows(
      () => unframe(whole.subarray(0, length)),
      InvalidEventError,
    );
    assertEquals(
      error.message,
      `The value is truncated: ${
        counted(length, "byte")
      }, where the header alone takes 5`,
    );
  }
  assertEquals(unframe(whole.subarray(0, HEADER_LENGTH)).payload.length, 0);
});

const GUID = "d19fc126-039e-445e-a159-38d1ef21c70f";
const GUID_BYTES = Uint8Array.fromHex(`01${GUID.replaceAll("-", "")}`);

Deno.test("unframe() reads the schema's GUID or id from the message's header, and leaves the value whole", () => {
  const value = bytesOf("{}");
  assertEquals(unframe(value, GUID_BYTES), { schemaId: GUID, payload: value });
  assertEquals(unframe(value, frame(258, "")), {
    schemaId: 258,
    payload: value,
  });
  // A header without a value is as none.
  assertEquals(unframe(frame(7, "{}"), null).schemaId, 7);
});

Deno.test("unframe() reads the schema's GUID before a payload", () => {
  const { schemaId, payload } = unframe(
    new Uint8Array([...GUID_BYTES, ...bytesOf("{}")]),
  );
  assertEquals([schemaId, parsePayload(payload)], [GUID, {}]);
});

Deno.test("unframe() refuses a GUID that was cut off, and a header that begins otherwise", () => {
  const table: [Uint8Array, Uint8Array | undefined, string][] = [
    [
      GUID_BYTES.subarray(0, 16),
      undefined,
      "The value is truncated: 16 bytes, where the header alone takes 17",
    ],
    [
      bytesOf("{}"),
      GUID_BYTES.subarray(0, 16),
      "The header __value_schema_id is truncated: 16 bytes, where the id alone takes 17",
    ],
    [
      bytesOf("{}"),
      new Uint8Array(),
      "The header __value_schema_id is truncated: 0 bytes, where the id alone takes 5",
    ],
    [
      bytesOf("{}"),
      new Uint8Array([2, 0, 0, 0, 1]),
      "The magic byte of the header __value_schema_id is 0x02 and not 0x00",
    ],
  ];
  for (const [value, header, message] of table) {
    const error = assertThrows(
      () => unframe(value, header),
      InvalidEventError,
    );
    assertEquals(error.message, message);
  }
});

Deno.test("unframe() refuses every magic byte but those of an id and a GUID, and names it", () => {
  for (let byte = 2; byte < 256; byte++) {
    const value = frame(1, "{}");
    value[0] = byte;
    const hex = byte.toString(16).padStart(2, "0");
    const error = assertThrows(() => unframe(value), InvalidEventError);
    assertEquals(error.message, `The magic byte is 0x${hex} and not 0x00`);
  }
});

const ORDER = '{"customer_name":"Zoé ☕ 𝄞","quantity":2}';

Deno.test("parsePayload() refuses an order that was cut off, at every length", () => {
  const whole = bytesOf(ORDER);
  for (let length = 0; length < whole.length; length++) {
    const error = assertThrows(
      () => parsePayload(whole.subarray(0, length)),
      InvalidEventError,
      "The payload is not ",
    );
    assertInstanceOf(error.cause, Error);
  }
  assertEquals(parsePayload(whole), JSON.parse(ORDER));
});

Deno.test("parsePayload() refuses bytes that aren't UTF-8, and never replaces them", () => {
  for (
    const hex of [
      "22ff22", // no byte of UTF-8
      "228022", // a continuation with nothing before it
      "22c322", // a character that is cut off
      "22c0af22", // an overlong slash
      "22eda08022", // a lone surrogate
      "22f490808022", // beyond Unicode
      "fffe22006100", // UTF-16
    ]
  ) {
    const error = assertThrows(
      () => parsePayload(Uint8Array.fromHex(hex)),
      InvalidEventError,
    );
    assertEquals(error.message, "The payload is not UTF-8", hex);
  }
});

Deno.test("parsePayload() refuses what isn't JSON", () => {
  for (
    const text of [
      "",
      " ",
      "{",
      "{}{}",
      "{'a':1}",
      '{"a":1,}',
      '{"a":NaN}',
      "undefined",
      '"a\nb"',
      "01",
      "\ufeff{}",
      "{}\0",
      "[".repeat(100_000),
    ]
  ) {
    const error = assertThrows(
      () => parsePayload(bytesOf(text)),
      InvalidEventError,
    );
    assertEquals(error.message, "The payload is not JSON", text.slice(0, 20));
  }
});

/** Objects in objects, with a text beside each that looks like nesting. */
function nested(levels: number): string {
  const open = String.raw`{"text":"[{\"[{","1":`;
  return open.repeat(levels - 1) + "{}" + "}".repeat(levels - 1);
}

Deno.test("parsePayload() refuses what is nested so deeply that writing it again could exhaust the stack", () => {
  for (
    const text of [
      nested(1_001),
      nested(50_000),
      "[".repeat(1_001) + "]".repeat(1_001),
    ]
  ) {
    const error = assertThrows(
      () => parsePayload(bytesOf(text)),
      InvalidEventError,
    );
    assertEquals(
      error.message,
      "The payload is nested deeper than 1000 levels",
    );
  }
});

Deno.test("parsePayload() takes a thousand levels, and any number of them side by side", () => {
  for (const text of [nested(1_000), `[${"[[]],".repeat(5_000)}[]]`]) {
    const value = parsePayload(bytesOf(text));
    assertEquals(JSON.stringify(value).length, text.length);
  }
});

Deno.test("parsePayload() takes any JSON value, white space around it included", () => {
  for (const text of ["null", "1", '"x"', "[]", " \r\n\t{} ", "-0.5e-3"]) {
    assertEquals(parsePayload(bytesOf(text)), JSON.parse(text));
  }
});

Deno.test("parsePayload() refuses a number that would become another one, by the name of its field", () => {
  const error = assertThrows(
    () => parsePayload(bytesOf('{"quantity":1,"card":9007199254740993}')),
    InvalidEventError,
  );
  assertEquals(
    error.message,
    "card is a number that can't be kept exactly: 9007199254740993",
  );
});

Deno.test("parsePayload() leaves prototypes alone when a field is called __proto__", () => {
  const value = parsePayload(
    bytesOf('{"__proto__":{"quantity":1},"constructor":{"prototype":{"x":1}}}'),
  ) as Record<string, unknown>;
  assertEquals(value["quantity"], undefined);
  assertEquals(Object.getPrototypeOf(value), Object.prototype);
  assertEquals(({} as Record<string, unknown>)["x"], undefined);
});
