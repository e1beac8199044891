/**
 * Kinds of events: what one is defined by, and how its events are checked.
 *
 * @module
 */

import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { InvalidEventError } from "../../lib/base/errors.ts";
import { defineEvent } from "../../lib/events/event_type.ts";
import { loyaltyScans } from "../../lib/events/loyalty_scan.ts";
import { orders } from "../../lib/events/order.ts";

const SCHEMA = {
  type: "object",
  properties: { id: { type: "string" }, party: { type: "integer" } },
  required: ["id", "party"],
  additionalProperties: false,
} as const;

const visits = defineEvent({
  name: "visit",
  topic: "visits",
  schema: SCHEMA,
  key: ({ id }) => id || null,
  idField: "id",
  validate: ({ party }) => party % 2 === 0 ? undefined : "party must be even",
});

const VISIT = { id: "v1", party: 2 };

function messageOf(check: (value: unknown) => unknown, value: unknown) {
  return assertThrows(() => check.call(visits, value), InvalidEventError)
    .message;
}

Deno.test("defineEvent() keeps the definition, the schema's text and its fields", () => {
  assertEquals(
    [visits.name, visits.topic, visits.idField, visits.timeField],
    ["visit", "visits", "id", undefined],
  );
  assertEquals(visits.schemaText, JSON.stringify(SCHEMA));
  assertEquals(visits.fields, ["id", "party"]);
  assertEquals(visits.key(VISIT), "v1");
  assertEquals(visits.key({ id: "", party: 2 }), null);
  assertEquals(visits.generate, undefined);
  const anything = defineEvent<unknown>({
    name: "anything",
    topic: "things",
    schema: true,
    key: () => null,
  });
  assertEquals(anything.fields, []);
  assertEquals(anything.check(null), null);
});

Deno.test("EventType.absentFrom() finds a field that no event by another schema has, where that is certain", () => {
  const { schemaText } = loyaltyScans;
  const schema = JSON.parse(schemaText);
  assertEquals(orders.absentFrom(schemaText), "drink_name");
  assertEquals(loyaltyScans.absentFrom(schemaText), undefined);
  for (
    const unclear of [
      { additionalProperties: true },
      { additionalProperties: { type: "string" } },
      { patternProperties: { "^drink": {} } },
      { $ref: "#/definitions/scan" },
      {
        properties: {
          ...schema.properties,
          ...JSON.parse(orders.schemaText).properties,
        },
      },
    ]
  ) {
    const text = JSON.stringify({ ...schema, ...unclear });
    assertEquals(orders.absentFrom(text), undefined, text);
  }
});

Deno.test("EventType.check() checks by the closed schema, then by code, and returns the same event", () => {
  assertStrictEquals(visits.check(VISIT), VISIT);
  assertEquals(
    messageOf(visits.check, { ...VISIT, party: 1 }),
    "Not a valid visit: party must be even",
  );
  assertEquals(
    messageOf(visits.check, { party: 1 }),
    "Not a valid visit: the event must have required property 'id'",
  );
  assertEquals(
    messageOf(visits.check, { ...VISIT, table: 7 }),
    'Not a valid visit: the event must NOT have additional properties: "table"',
  );
});

Deno.test("EventType.checkBySchema() and checkByCode() are the two halves", () => {
  const odd = { ...VISIT, party: 1 };
  assertStrictEquals(visits.checkBySchema(odd), odd);
  assertThrows(() => visits.checkBySchema({}), InvalidEventError);
  assertStrictEquals(visits.checkByCode(VISIT), VISIT);
  assertThrows(() => visits.checkByCode(odd), InvalidEventError);
});

Deno.test("EventType.checkByOpenSchema() lets unknown fields through, and no wrong ones", () => {
  const newer = { ...VISIT, party: 1, table: 7 };
  assertStrictEquals(visits.checkByOpenSchema(newer), newer);
  assertEquals(
    messageOf(visits.checkByOpenSchema, { ...newer, party: "2" }),
    'Not a valid visit: party must be integer: "2"',
  );
});

for (
  const $schema of [
    "http://json-schema.org/draft-04/schema#",
    "http://json-schema.org/draft-06/schema#",
    "http://json-schema.org/draft-07/schema#",
    "https://json-schema.org/draft/2019-09/schema",
    "https://json-schema.org/draft/2020-12/schema",
  ]
) {
  Deno.test(`defineEvent() takes a schema of ${$schema}, with references within it`, () => {
    const nodes = defineEvent({
      name: "node",
      topic: "nodes",
      schema: {
        $schema,
        type: "object",
        properties: {
          id: { $ref: "#/definitions/id" },
          children: { type: "array", items: { $ref: "#" } },
        },
        required: ["id"],
        additionalProperties: false,
        definitions: { id: { type: "string", minLength: 1 } },
      },
      key: (node) => node.id,
    });
    const node = { id: "a", children: [{ id: "b" }] };
    assertEquals(nodes.key(nodes.check(node)), "a");
    const newer = { ...node, children: [{ id: "b", table: 7 }] };
    assertThrows(() => nodes.check(newer), InvalidEventError, "children/0");
    assertEquals(nodes.checkByOpenSchema(newer), newer);
    assertThrows(
      () => nodes.checkByOpenSchema({ id: "a", children: [{ id: "" }] }),
      InvalidEventError,
      "children/0/id",
    );
  });
}

Deno.test("loyaltyScans generates valid scans, the same for a seed but for their times, and keys them by card", () => {
  const take = (seed?: number) => {
    const scans = loyaltyScans.generate?.({ seed });
    return Array.from({ length: 200 }, () => {
      const { ts_utc, ...scan } = loyaltyScans.check(scans?.next().value);
      return { scan, key: loyaltyScans.key({ ts_utc, ...scan }) };
    });
  };
  const taken = take(1);
  assertEquals(taken, take(1));
  for (const { scan, key } of taken) assertEquals(key, scan.card_id);
  assertEquals(new Set(take().map(({ scan }) => scan.event_id)).size, 200);
  const points = taken.map(({ scan }) => scan.points);
  assertEquals(
    points.some((one) => one > 0) && points.some((one) => one < 0),
    true,
  );
});

Deno.test("loyaltyScans.check() refuses no points, no card, and an id or a time of another form", () => {
  const scan = {
    event_id: crypto.randomUUID(),
    card_id: "C-1001",
    customer_name: "Alice Johnson",
    points: 7,
    place: "Library",
    ts_utc: "2026-02-03T02:16:55Z",
  };
  assertStrictEquals(loyaltyScans.check(scan), scan);
  const wrong: [object, string][] = [
    [{ points: 0 }, "points must NOT be valid: 0"],
    [{ points: 1.5 }, "points must be integer: 1.5"],
    [{ card_id: "" }, "card_id must not be empty"],
    [{ event_id: "1" }, 'event_id must be a UUID: "1"'],
    [
      { ts_utc: "yesterday" },
      'ts_utc must be a time in ISO 8601, UTC: "yesterday"',
    ],
  ];
  for (const [change, message] of wrong) {
    const error = assertThrows(
      () => loyaltyScans.check({ ...scan, ...change }),
      InvalidEventError,
    );
    assertEquals(error.message, `Not a valid loyalty_scan: ${message}`);
  }
});
