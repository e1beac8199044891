/**
 * What the serializers refuse by themselves, without a registry. What takes a registry is in the integration tests.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import { InvalidEventError } from "../../lib/base/errors.ts";
import { defineEvent } from "../../lib/events/event_type.ts";
import { orders } from "../../lib/events/order.ts";
import type { EventRegistry } from "../../lib/registry/registry.ts";
import type { SchemaCache } from "../../lib/registry/schema_cache.ts";
import {
  EventDeserializer,
  EventSerializer,
} from "../../lib/registry/serializer.ts";
import { frame } from "../../lib/events/wire_format.ts";

/** A registry that nobody may ask: every use of it is an error of another class. */
const UNREACHABLE = new Proxy({}, {
  get(_, property) {
    throw new Error(`The registry was asked: ${String(property)}`);
  },
}) as SchemaCache;

const deserializer = new EventDeserializer(UNREACHABLE, orders);

const LARGEST = new Uint8Array([0, 0x7f, 0xff, 0xff, 0xff]);

Deno.test("EventDeserializer.decode() throws at once when the header is not Confluent's", () => {
  const plain = new TextEncoder().encode('{"event_id":"1"}');
  const values: [Uint8Array, string][] = [
    [
      new Uint8Array(),
      "The value is truncated: 0 bytes, where the header alone takes 5",
    ],
    [
      frame(1, "").subarray(0, 4),
      "The value is truncated: 4 bytes, where the header alone takes 5",
    ],
    [plain, "The magic byte is 0x7b and not 0x00"],
    [new Uint8Array([2, 0, 0, 0, 1]), "The magic byte is 0x02 and not 0x00"],
    [
      new Uint8Array([0, 0x80, 0, 0, 0]),
      "No registry has a schema with the id 2147483648",
    ],
    [
      new Uint8Array([0, 0xff, 0xff, 0xff, 0xff, 0x7b, 0x7d]),
      "No registry has a schema with the id 4294967295",
    ],
  ];
  for (const [value, message] of values) {
    const error = assertThrows(
      () => deserializer.decode(value),
      InvalidEventError,
    );
    assertEquals(error.message, message);
  }
});

Deno.test("EventDeserializer.decode() asks the registry when the id may exist", () => {
  for (const value of [frame(0, "{}"), frame(1, "{}"), LARGEST]) {
    assertThrows(
      () => deserializer.decode(value),
      Error,
      "The registry was asked: cached",
    );
  }
});

Deno.test("EventSerializer.encode() refuses a number that readers can't keep exactly, by the name of its field", async () => {
  const registry = { register: () => Promise.resolve(7) };
  const type = defineEvent({
    name: "scan",
    topic: "scans",
    schema: { type: "object", properties: { card: { type: "integer" } } },
    key: () => null,
  });
  const serializer = await EventSerializer.connect(
    registry as unknown as EventRegistry,
    type,
    { topic: "scans", schema: "register" },
  );
  for (const event of [{ card: 2 ** 53 }, { extra: [{ card: -(2 ** 60) }] }]) {
    assertThrows(
      () => serializer.encode(event),
      InvalidEventError,
      "card is a number that can't be kept exactly: ",
    );
  }
  serializer.encode({ card: 2 ** 53 - 1, extra: 0.1 + 0.2 });
});
