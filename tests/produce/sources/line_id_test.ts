/**
 * The id that is made from a line.
 *
 * @module
 */

import { assertEquals, assertNotEquals } from "@std/assert";
import { lineId } from "../../../lib/produce/sources/line_id.ts";

const encoder = new TextEncoder();

Deno.test("lineId() makes the UUID of version 5 that Python's uuid5() makes of the number and the content", () => {
  const expected = [
    [1, "{}", "610ed700-131c-514e-ab83-7148a0f2e6a7"],
    [7, "é", "2dba9dc4-4378-5179-8e34-f2c24549156c"],
    [42, "", "1d690aee-3ee4-51f7-9b74-a71e4b616452"],
  ] as const;
  for (const [number, text, id] of expected) {
    assertEquals(lineId(number, encoder.encode(text)), id);
  }
});

Deno.test("lineId() differs when the number or the content does", () => {
  const content = encoder.encode("{}");
  assertNotEquals(lineId(1, content), lineId(2, content));
  assertNotEquals(lineId(1, content), lineId(1, encoder.encode("{} ")));
});
