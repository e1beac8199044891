/**
 * The id that is made from a line, held against @std/uuid's.
 *
 * @module
 */

import { assertEquals, assertNotEquals } from "@std/assert";
import { generate, validate } from "@std/uuid/v5";
import { lineId } from "../../../lib/produce/sources/line_id.ts";

const encoder = new TextEncoder();

Deno.test("lineId() makes the UUID of version 5 that @std/uuid makes of the number and the content", async () => {
  const namespace = "6f2c3d0e-1f57-4c0b-9d3a-5b7d0a6c1e42";
  for (const [number, text] of [[1, "{}"], [7, "é"], [42, ""]] as const) {
    const id = lineId(number, encoder.encode(text));
    assertEquals(validate(id), true);
    const name = encoder.encode(`${number}:${text}`);
    assertEquals(id, await generate(namespace, name));
  }
});

Deno.test("lineId() differs when the number or the content does", () => {
  const content = encoder.encode("{}");
  assertNotEquals(lineId(1, content), lineId(2, content));
  assertNotEquals(lineId(1, content), lineId(1, encoder.encode("{} ")));
});
