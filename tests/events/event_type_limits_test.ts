/**
 * An event type's own schema against values that would hold its check up, or fill the memory with what is wrong with them.
 *
 * @module
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { InvalidEventError } from "../../lib/base/errors.ts";
import { defineEvent } from "../../lib/events/event_type.ts";
import { processorMs } from "../support/processor_time.ts";

const visits = defineEvent({
  name: "visit",
  topic: "visits",
  schema: {
    type: "object",
    properties: {
      page: { type: "string", format: "url" },
      tags: { type: "array", items: { type: "string", minLength: 1 } },
    },
    additionalProperties: false,
  },
  key: () => null,
});

Deno.test("EventType.checkByOpenSchema() ends a check that takes too long", () => {
  const page = `http://${":".repeat(900_000)}!`;
  const tookMs = processorMs(() => {
    const error = assertThrows(
      () => visits.checkByOpenSchema({ page }),
      InvalidEventError,
    );
    assertEquals(
      error.message,
      "Not a valid visit: the check of the event fails: it takes longer than 500 ms",
    );
  });
  assert(tookMs < 10_000, `${tookMs} ms`);
  assertEquals(visits.check({ page: "http://example.com/" }), {
    page: "http://example.com/",
  });
});

Deno.test("EventType finds all that is wrong with an event to be produced, and the first of one that is consumed", () => {
  const event = { tags: ["", 1, ""], note: 1 };
  const message = (fn: () => unknown) =>
    assertThrows(fn, InvalidEventError).message;
  assertEquals(
    message(() => visits.check(event)).split("; ").length,
    4,
  );
  for (
    const check of [
      () => visits.checkBySchema(event),
      () => visits.checkByOpenSchema(event),
    ]
  ) {
    assertEquals(message(check).split("; ").length, 1);
  }
});
