/**
 * Messages that no consumer can read, in every way that comes to mind.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { IHeaders } from "kafkajs";
import { frame, HEADER_LENGTH } from "../../../lib/events/wire_format.ts";
import { makeOrder } from "../../support/topics.ts";
import type { Random } from "./random.ts";

/** What a damaged message is sent as, and found again by its timestamp, which no other has. */
export interface DamagedMessage {
  /** The key; it need not be text. */
  readonly key: Buffer | null;
  /** The value. */
  readonly value: Buffer;
  /** The headers. */
  readonly headers: IHeaders;
  /** The time in milliseconds since 1970. */
  readonly timestamp: string;
}

/** How far apart the timestamps are, in milliseconds. */
const STEP_MS = 1_000;

/** Sequences that are not UTF-8: a stray byte, a lone continuation, an overlong zero, a surrogate, a cut emoji. */
const NOT_UTF8 = [[0xff], [0x80], [0xc0, 0x80], [0xed, 0xa0, 0x80], [
  0xf0,
  0x9f,
]];

const HEADER_NAMES = [
  "trace",
  "constructor",
  "__proto__",
  "toString",
  "hasOwnProperty",
  "",
  "größe ☕",
  "cafe.attempt",
];

function* brokenJson(): Generator<string> {
  const order = JSON.stringify(makeOrder());
  yield* ["", " ", "{", "nul", "[]", '"order"', "42", "null", "true", "NaN"];
  yield* ['{"a":1,}', "{'a':1}", "{a:1}", '{"a":"\n"}', `\u{feff}${order}`];
  yield* [`${order}}`, `${order}${order}`, order.replaceAll('"', "'")];
  for (const name of Object.keys(makeOrder())) {
    yield JSON.stringify({ ...makeOrder(), [name]: undefined });
    yield JSON.stringify({ ...makeOrder(), [name]: null });
    yield JSON.stringify({ ...makeOrder(), [name]: { toString: "x" } });
  }
  for (const quantity of [0, -1, 1.5, "2"]) {
    yield JSON.stringify({ ...makeOrder(), quantity });
  }
  yield JSON.stringify(makeOrder({ amount: -0.01 }));
  yield JSON.stringify({ ...makeOrder(), table: 7 });
  yield JSON.stringify({ ...makeOrder(), "": null });
  // What the order lacks is where a careless merge would find it.
  yield `{"__proto__":${order}}`;
  yield `{"constructor":{"prototype":${order}}}`;
  yield '{"__proto__":{"polluted":true}}';
}

function* nestedAndHuge(): Generator<string> {
  for (const depth of [1_001, 10_000, 100_000]) {
    yield "[".repeat(depth) + "]".repeat(depth);
    yield "[".repeat(depth);
    yield '{"a":'.repeat(depth) + "1" + "}".repeat(depth);
  }
  yield `"${"x".repeat(1_000_000)}"`;
  yield `[${"1,".repeat(490_000)}1]`;
  yield `{"customer_name":"${"x".repeat(1_000_000)}`;
}

function* values(id: number, random: Random): Generator<Uint8Array> {
  // Not a Buffer, whose slices share their bytes.
  const valid = Uint8Array.from(frame(id, JSON.stringify(makeOrder())));
  for (let length = 0; length < valid.length; length++) {
    yield valid.slice(0, length);
  }
  for (let magic = 1; magic <= 255; magic++) {
    const value = valid.slice();
    value[0] = magic;
    yield value;
  }
  for (const wrong of [0, 424_242, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1]) {
    const value = valid.slice();
    new DataView(value.buffer).setUint32(1, wrong);
    yield value;
  }
  for (let n = 0; n < 50; n++) yield random.bytes(random.integer(1, 300));
  for (const bytes of NOT_UTF8) {
    const value = valid.slice();
    const name = new TextDecoder().decode(value).indexOf("Charlie");
    value.set(bytes, name);
    if (name < HEADER_LENGTH) throw new Error("The order has no name");
    yield value;
  }
  for (const json of brokenJson()) yield frame(id, json);
  for (const json of nestedAndHuge()) yield frame(id, json);
}

function chooseKey(random: Random): Buffer | null {
  return random.pick([
    () => null,
    () => Buffer.alloc(0),
    () => Buffer.from("charlie_davis"),
    () => Buffer.from(random.bytes(16)),
  ])();
}

function chooseHeaders(random: Random): IHeaders {
  const headers: IHeaders = Object.create(null);
  for (let left = random.integer(0, 4); left > 0; left--) {
    const values = Array.from(
      { length: random.integer(1, 4) },
      () => Buffer.from(random.bytes(random.integer(0, 20))),
    );
    const [first, second] = values;
    headers[random.pick(HEADER_NAMES)] = second ? values : first;
  }
  return headers;
}

/**
 * Makes damaged messages.
 *
 * @param id The id of the orders' schema.
 * @param random Chance.
 * @returns The messages, in the order of their kinds.
 */
export function damagedMessages(id: number, random: Random): DamagedMessage[] {
  const now = Date.now();
  return [...values(id, random)].map((value, n) => ({
    key: chooseKey(random),
    value: Buffer.from(value),
    headers: chooseHeaders(random),
    timestamp: String(now - (n + 1) * STEP_MS),
  }));
}
