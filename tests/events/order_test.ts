/**
 * The order: what counts as one, its key, and the generator.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import schema from "../../schemas/customer_event.schema.json" with {
  type: "json",
};
import {
  type Order,
  orders,
  PRICE_LIST_CENTS,
  randomOrders,
} from "../../lib/events/order.ts";
import { InvalidEventError } from "../../lib/base/errors.ts";
import { ORDER } from "../support/sample_order.ts";

const FIELDS = Object.keys(ORDER) as (keyof Order)[];

function take(count: number, seed?: number): Order[] {
  const source = randomOrders({ seed });
  return Array.from({ length: count }, () => source.next().value);
}

function messageFor(value: unknown): string {
  const error = assertThrows(
    () => orders.check(value),
    InvalidEventError,
    "Not a valid order: ",
    `taken: ${JSON.stringify(value)}`,
  );
  return error.message;
}

Deno.test("orders.schemaText is the file's JSON with no white space, and requires what the generator makes", () => {
  assertEquals(orders.schemaText, JSON.stringify(schema));
  const [generated] = take(1);
  assert(generated);
  const fields = Object.keys(generated);
  assertEquals(schema.required, fields);
  assertEquals(Object.keys(schema.properties), fields);
  assertEquals(FIELDS, fields);
});

Deno.test("orders.check() returns the same order when it is one", () => {
  assertStrictEquals(orders.check(ORDER), ORDER);
});

Deno.test("orders.check() takes the limits of each field", () => {
  const changes: Record<string, unknown>[] = [
    { ts_utc: "2026-02-03T02:16:55Z" },
    { ts_utc: "2026-02-03T02:16:55.123456789Z" },
    { ts_utc: "2026-02-03T02:16:55+00:00" },
    { ts_utc: "2024-02-29T00:00:00Z" },
    { event_id: "D19FC126-039E-445E-A159-38D1EF21C70F" },
    { quantity: 1 },
    { quantity: 1_000_000 },
    { amount: 0 },
    { amount: 0.01 },
    { customer_name: "é" },
    { customer_name: "山田 太郎" },
  ];
  for (const change of changes) orders.check({ ...ORDER, ...change });
});

Deno.test("orders.check() refuses a field that the schema doesn't name; checkByOpenSchema() takes it", () => {
  for (const extra of [{ table: 7 }, { notes: { milk: "oat" } }]) {
    const order = { ...ORDER, ...extra };
    const [name] = Object.keys(extra);
    assertEquals(
      messageFor(order),
      `Not a valid order: the event must NOT have additional properties: "${name}"`,
    );
    assertStrictEquals(orders.checkByOpenSchema(order), order);
  }
});

Deno.test("orders.checkBySchema() and checkByOpenSchema() take what the Python program's schema allows", () => {
  const order = {
    ...ORDER,
    event_id: "1",
    customer_name: "",
    drink_name: "",
    ts_utc: "yesterday",
  };
  assertStrictEquals(orders.checkBySchema(order), order);
  assertStrictEquals(orders.checkByOpenSchema(order), order);
});

Deno.test("orders.check() names the field when it is missing, null or of another type", () => {
  const wrong: Record<keyof Order, [unknown[], string]> = {
    event_id: [[1, true, [], {}], "must be string"],
    customer_name: [[1, true, [], {}], "must be string"],
    drink_name: [[1, true, [], {}], "must be string"],
    quantity: [["1", true, [], {}, 1.5], "must be integer"],
    amount: [["4.05", true, [], {}], "must be number"],
    is_member: [["true", 0, 1, [], {}], "must be boolean"],
    ts_utc: [[1770085015763, true, [], {}], "must be string"],
  };
  for (const field of FIELDS) {
    const { [field]: _, ...without } = ORDER;
    assertEquals(
      messageFor(without),
      `Not a valid order: the event must have required property '${field}'`,
    );
    const [values, what] = wrong[field];
    for (const value of [null, ...values]) {
      assertStringIncludes(
        messageFor({ ...ORDER, [field]: value }),
        `${field} ${what}`,
      );
    }
  }
});

Deno.test("orders.check() names the field when it is out of range or malformed", () => {
  const uuid = "must be a UUID";
  const time = "must be a time in ISO 8601, UTC";
  const wrong: [keyof Order, unknown, string][] = [
    ["event_id", "", uuid],
    ["event_id", "order-1", uuid],
    ["event_id", "d19fc126039e445ea15938d1ef21c70f", uuid],
    ["event_id", "d19fc126-039e-445e-a159-38d1ef21c70g", uuid],
    ["customer_name", "", "must not be empty"],
    ["drink_name", "", "must not be empty"],
    ["quantity", 0, "must be >= 1"],
    ["quantity", -1, "must be >= 1"],
    ["amount", -0.01, "must be >= 0"],
    ["ts_utc", "", time],
    ["ts_utc", "yesterday", time],
    ["ts_utc", "2026-02-03", time],
    ["ts_utc", "2026-02-03T02:16:55", time],
    ["ts_utc", "2026-02-03T02:16:55+02:00", time],
    ["ts_utc", "2026-02-03T02:16:55-00:30", time],
    ["ts_utc", "2026-02-30T02:16:55Z", time],
    ["ts_utc", "2026-02-03T24:16:55Z", time],
    ["ts_utc", "2026-02-03T02:16:55Z\n", time],
  ];
  for (const [field, value, what] of wrong) {
    const shown = what === "must not be empty"
      ? ""
      : `: ${JSON.stringify(value)}`;
    assertEquals(
      messageFor({ ...ORDER, [field]: value }),
      `Not a valid order: ${field} ${what}${shown}`,
    );
  }
});

Deno.test("orders.check() names every field when several are wrong", () => {
  assertEquals(
    messageFor({ ...ORDER, quantity: 0, amount: -1 }),
    "Not a valid order: quantity must be >= 1: 0; amount must be >= 0: -1",
  );
});

Deno.test("orders.check() refuses what isn't an object", () => {
  for (const value of [null, undefined, 1, "order", true, [], [ORDER]]) {
    assertEquals(
      messageFor(value),
      "Not a valid order: the event must be object",
    );
  }
});

Deno.test("orders.check() takes no field from __proto__, and changes no prototype", () => {
  const text = JSON.stringify(ORDER);
  const inherited = JSON.parse(`{"__proto__":${text}}`);
  assertStringIncludes(messageFor(inherited), "'event_id'");
  orders.checkByOpenSchema(
    JSON.parse(`${text.slice(0, -1)},"__proto__":{"x":1}}`),
  );
  assertEquals(({} as Record<string, unknown>)["x"], undefined);
});

Deno.test("orders.key() is the customer's name in lower case with underscores", () => {
  const keys: [string, string][] = [
    ["Diana Martinez", "diana_martinez"],
    ["Charlie Davis", "charlie_davis"],
    ["Bob Smith", "bob_smith"],
    ["Cher", "cher"],
    ["José Ángel de la Cruz", "josé_ángel_de_la_cruz"],
    ["already_lower", "already_lower"],
    [" A  B ", "_a__b_"],
  ];
  for (const [customer_name, key] of keys) {
    assertEquals(orders.key({ ...ORDER, customer_name }), key);
  }
});

Deno.test("randomOrders() makes valid orders with the names and drinks of the contract, priced by the list", () => {
  const made = take(2_000, 1);
  for (const order of made) {
    orders.check(order);
    const cents = PRICE_LIST_CENTS[order.drink_name];
    assert(cents, order.drink_name);
    assertEquals(order.amount, cents * order.quantity / 100);
    assertEquals(order.amount, Number(order.amount.toFixed(2)));
    assertMatch(
      order.event_id,
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
  }
  const valuesOf = (field: keyof Order) =>
    new Set(made.map((order) => order[field]));
  assertEquals(valuesOf("event_id").size, made.length);
  assertEquals([...valuesOf("drink_name")].sort(), [
    "Americano",
    "Cappuccino",
    "Cold Brew",
    "Espresso",
    "Latte",
  ]);
  assertEquals([...valuesOf("quantity")].sort(), [1, 2, 3, 4]);
  const names = valuesOf("customer_name");
  for (const name of ["Diana Martinez", "Charlie Davis", "Bob Smith"]) {
    assert(names.has(name), name);
  }
  const memberships = made.map((o) => `${o.customer_name} ${o.is_member}`);
  assertEquals(new Set(memberships).size, names.size);
});

Deno.test("randomOrders() gives the time of the moment when an order is taken", () => {
  const before = Date.now();
  const [order] = take(1);
  const time = Date.parse(order?.ts_utc ?? "");
  assert(before <= time && time <= Date.now());
});

Deno.test("randomOrders() repeats everything but the time when the seed is the same", () => {
  const untimed = (seed?: number) =>
    take(50, seed).map(({ ts_utc: _, ...rest }) => rest);
  for (const seed of [0, 1, 42, 4_294_967_295]) {
    assertEquals(untimed(seed), untimed(seed));
  }
  assertNotEquals(untimed(1), untimed(2));
  assertNotEquals(untimed(0), untimed());
  assertNotEquals(untimed(), untimed());
});

Deno.test("randomOrders() gives the same orders for a seed everywhere", () => {
  const [first] = take(1, 7);
  assert(first);
  const { ts_utc: _, ...order } = first;
  assertEquals(order, {
    event_id: "67d044f4-b2f3-4b96-857d-6fe7775b0595",
    customer_name: "Ethan Brown",
    drink_name: "Espresso",
    quantity: 3,
    amount: 9.75,
    is_member: true,
  });
});
