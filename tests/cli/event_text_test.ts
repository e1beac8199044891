/**
 * How events without a text of their own are written.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { genericText } from "../../lib/cli/event_text.ts";
import { defineEvent } from "../../lib/events/event_type.ts";
import { EVIL, isObeyed } from "../support/unsafe_text.ts";

interface Visit {
  readonly id: string;
  readonly [field: string]: unknown;
}

const DEFINITION = {
  name: "visit",
  topic: "visits",
  schema: true,
  key: () => null,
} as const;
const text = genericText(
  defineEvent<Visit>({ ...DEFINITION, idField: "id" }),
);
const VISIT: Visit = { id: "v1", party: 2, tags: ["a", "b"], host: null };

Deno.test("genericText() writes each field with its name: one line when it is sent, one each in the block", () => {
  const fields = ["id: v1", "party: 2", 'tags: ["a","b"]', "host: null"];
  assertEquals(text.sending(VISIT), fields.join(", "));
  assertEquals(text.block(VISIT), fields);
  assertEquals(text.noun, "visit event");
});

Deno.test("genericText() names an event by its id, and by all of it where the type has no id", () => {
  assertEquals(text.name(VISIT), "visit v1");
  const nameless = genericText(defineEvent<Visit>(DEFINITION));
  assertEquals(nameless.name({ id: "v1" }), 'visit {"id":"v1"}');
});

Deno.test("genericText() writes an event that is not an object", () => {
  const numbers = genericText(
    defineEvent<unknown>({ ...DEFINITION, name: "number" }),
  );
  for (const [event, line] of [[7, "7"], ["x", "x"], [null, "null"]]) {
    assertEquals(numbers.sending(event), line);
    assertEquals(numbers.block(event), [line]);
    assertEquals(numbers.name(event), `number ${line}`);
  }
});

Deno.test("genericText() escapes names and values", () => {
  const event: Visit = { id: EVIL, [EVIL]: { [EVIL]: [EVIL] } };
  const lines = [text.name(event), text.sending(event), ...text.block(event)];
  assert(!lines.some((line) => isObeyed(line) || line.includes("\n")));
});
