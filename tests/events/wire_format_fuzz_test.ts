/**
 * Values that were damaged at random: read, or refused as invalid, and nothing else. A seed repeats a run: `FUZZ_SEED=…`.
 *
 * @module
 */

import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { InvalidEventError } from "../../lib/base/errors.ts";
import { frame, parsePayload, unframe } from "../../lib/events/wire_format.ts";
import { processorMs } from "../support/processor_time.ts";

/** How long it goes on, in milliseconds. */
const DURATION_MS = 1_500;
/** How long one value may take, in milliseconds. */
const MAX_VALUE_MS = 1_000;

const granted =
  Deno.permissions.querySync({ name: "env", variable: "FUZZ_SEED" }).state ===
    "granted";
const SEED = Number((granted && Deno.env.get("FUZZ_SEED")) || Date.now()) >>> 0;

/** Mulberry32. */
let state = SEED;
function below(limit: number): number {
  state = (state + 0x6d2b79f5) >>> 0;
  let mixed = Math.imul(state ^ (state >>> 15), state | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
}
const oneOf = <T>(list: readonly T[]) => list[below(list.length)] as T;

const SEEDS = [
  frame(
    1,
    '{"event_id":"d19fc126-039e-445e-a159-38d1ef21c70f","quantity":2,"amount":3.6,"is_member":false}',
  ),
  frame(0x7fffffff, '{"a":[1e5,-0.25,{"b":"\\u00e9☕𝄞"}],"":null}'),
  frame(258, `${'[{"a":'.repeat(600)}9007199254740991${"}]".repeat(600)}`),
  frame(0, '"x"'),
  new Uint8Array(),
];
const TOKENS = [
  ...'{}[],:"\\0123456789.eE+-'.split(""),
  "9007199254740993",
  "1e400",
  "null",
  "\ufeff",
  '"\\ud800"',
  "[".repeat(2_000),
  '{"":'.repeat(1_500),
  "0".repeat(5_000),
].map((text) => new TextEncoder().encode(text));

function concat(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

/** Removes, repeats, replaces or inserts bytes at some place. */
function damage(value: Uint8Array): Uint8Array {
  const at = below(value.length + 1);
  const to = at + below(Math.min(20, value.length - at) + 1);
  const middle = value.subarray(at, to);
  return concat(
    value.subarray(0, at),
    oneOf([
      () => new Uint8Array(),
      () => concat(middle, middle),
      () => oneOf(TOKENS),
      () => new Uint8Array([below(256)]),
      () => concat(middle, oneOf(TOKENS)),
    ])(),
    value.subarray(to),
  );
}

Deno.test(`unframe() and parsePayload() read or refuse what was damaged at random (FUZZ_SEED=${SEED})`, () => {
  const end = performance.now() + DURATION_MS;
  let readCount = 0;
  let refusedCount = 0;
  while (performance.now() < end) {
    let value = oneOf(SEEDS);
    for (let i = below(4); i >= 0; i--) value = damage(value);
    const about = `FUZZ_SEED=${SEED}: ${value.subarray(0, 300).toHex()}`;
    const tookMs = processorMs(() => {
      try {
        const { payload } = unframe(value);
        const read = parsePayload(payload);
        // What was read can be written, and is the same when it is read again: by its text, as that has no -0.
        const json = JSON.stringify(read);
        const again = unframe(frame(1, json));
        assertEquals(JSON.stringify(parsePayload(again.payload)), json, about);
        readCount++;
      } catch (error) {
        assertInstanceOf(error, InvalidEventError, about);
        assert(error.message.length < 300, about);
        refusedCount++;
      }
    });
    assert(tookMs < MAX_VALUE_MS, about);
  }
  assert(readCount > 0 && refusedCount > 0, `${readCount}, ${refusedCount}`);
});
