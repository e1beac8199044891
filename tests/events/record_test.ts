/**
 * A message's place and key as text.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { keyText, placeOf } from "../../lib/events/record.ts";

Deno.test("placeOf() writes the topic, the partition and the offset", () => {
  assertEquals(
    placeOf({ topic: "demo", partition: 1, offset: "9223372036854775807" }),
    "demo [1] offset=9223372036854775807",
  );
});

Deno.test("keyText() reads a key as UTF-8, and writes the bytes of one that isn't", () => {
  assertEquals(keyText(new TextEncoder().encode("josé")), "josé");
  assertEquals(keyText(new Uint8Array()), "");
  assertEquals(keyText(new Uint8Array([0xff, 0x01])), "0xff01");
  assertEquals(keyText(null), null);
  assertEquals(keyText(undefined), null);
});
