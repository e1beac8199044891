/**
 * Aggregates and windows, without a database.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import { InvalidEventError } from "../../lib/base/errors.ts";
import { testPipeline } from "../../lib/consume/test_pipeline.ts";
import { defineEvent } from "../../lib/events/event_type.ts";
import type { EventType } from "../../lib/events/event_type.ts";
import { aggregate, count, max, min, sum } from "../../lib/store/aggregate.ts";
import { orderCustomers, orderMinutes } from "../../lib/store/orders.ts";
import { timeOf, tumbling } from "../../lib/store/window.ts";
import { orders } from "../../lib/events/order.ts";
import { makeOrder } from "../support/topics.ts";

const meals = defineEvent({
  name: "meal",
  topic: "meals",
  schema: {
    type: "object",
    properties: {
      hall: { type: "string" },
      guests: { type: "integer" },
      at: { type: "string" },
    },
    required: ["hall", "guests", "at"],
    additionalProperties: false,
  },
  key: (meal) => meal.hall,
  timeField: "at",
});

/** The example of README.md. */
const mealHours = aggregate(meals, {
  name: "meal_hours",
  by: { hour: tumbling({ hours: 1 }), hall: (meal) => meal.hall },
  fold: {
    meals: count(),
    large: count((meal) => meal.guests > 4),
    guests: sum((meal) => meal.guests),
    fewest: min((meal) => meal.guests),
    most: max((meal) => meal.guests),
  },
});

const meal = (at: string, guests: number, hall = "North") => ({
  hall,
  guests,
  at: `2026-02-03T${at}Z`,
});

Deno.test("Aggregate.totals() counts, sums and compares events by key and window, and counts what comes late", async () => {
  const { events } = await testPipeline(meals, () => {}, [
    meal("09:59:59.999", 2),
    meal("09:00:00", 5),
    meal("10:00:00", 3),
    meal("09:30:00", 1),
    meal("10:00:00", 4, "South"),
  ]);
  const hour = (start: number) =>
    `2026-02-03T${start}:00:00Z`.replace("T9", "T09");
  assertEquals(mealHours.totals(events), [
    {
      hour: hour(9),
      hall: "North",
      meals: 3,
      large: 1,
      guests: 8,
      fewest: 1,
      most: 5,
      late: 1,
    },
    {
      hour: hour(10),
      hall: "North",
      meals: 1,
      large: 0,
      guests: 3,
      fewest: 3,
      most: 3,
      late: 0,
    },
    {
      hour: hour(10),
      hall: "South",
      meals: 1,
      large: 0,
      guests: 4,
      fewest: 4,
      most: 4,
      late: 0,
    },
  ]);
});

Deno.test("Aggregate.totals() keeps money to the cent, and members apart", () => {
  const events = [
    makeOrder({ amount: 0.1, quantity: 1 }),
    makeOrder({ amount: 0.2, quantity: 2, is_member: true }),
    makeOrder({ amount: 1.15, quantity: 1, is_member: true }),
  ];
  assertEquals(orderMinutes.totals(events), [{
    minute: "2026-02-03T02:16:00Z",
    drink_name: "Cold Brew",
    orders: 3,
    cups: 4,
    cents: 145,
    member_orders: 2,
    member_cups: 3,
    member_cents: 135,
    late: 0,
  }]);
  assertEquals(orderCustomers.totals(events), [
    { customer_name: "Charlie Davis", orders: 3, cups: 4, cents: 145 },
  ]);
});

Deno.test("Aggregate.totals() rejects a number that is not whole or too large, and a time that is not one", () => {
  for (const guests of [1.5, 1e12, Infinity, NaN]) {
    assertThrows(
      () => mealHours.totals([meal("09:00:00", guests)]),
      InvalidEventError,
      `meal_hours.guests adds up whole numbers of up to 100000000000: ${guests}`,
    );
  }
  for (const at of ["09:00:60", "25:00:00", ""]) {
    assertThrows(
      () => mealHours.totals([meal(at, 1)]),
      InvalidEventError,
      `at has to be a time in ISO 8601, UTC: "2026-02-03T${at}Z"`,
    );
  }
});

Deno.test("aggregate() rejects names that are not usable in SQL, two windows, and windows of events without a time", () => {
  const fold = { n: count<unknown>() };
  const timed: EventType<unknown> = defineEvent<unknown>({
    name: "tick",
    topic: "ticks",
    schema: true,
    key: () => null,
  });

  const name = "meal_hours";
  const definitions: Parameters<
    typeof aggregate<unknown, string, typeof fold>
  >[1][] = [
    { name: "meal hours", by: {}, fold },
    { name: 'a"; DROP TABLE b', by: {}, fold },
    { name: "a".repeat(64), by: {}, fold },
    { name, by: { "a-b": () => "" }, fold },
    { name, by: { N: () => "" }, fold },
    { name, by: { n: () => "" }, fold },
    { name, by: { partition: () => "" }, fold },
    {
      name,
      by: { a: tumbling({ days: 1 }), b: tumbling({ days: 7 }) },
      fold,
    },
  ];
  for (const definition of definitions) {
    assertThrows(() => aggregate(timed, definition), RangeError);
  }
  const timeless = defineEvent({
    name: "bell",
    topic: "bells",
    schema: { type: "object" },
    key: () => null,
  });
  assertThrows(
    () =>
      aggregate(timeless, { name, by: { day: tumbling({ days: 1 }) }, fold }),
    RangeError,
    'Events of a kind without timeField can\'t be put into windows: "bell"',
  );
});

Deno.test("tumbling() aligns windows to the epoch, also before it, and rejects a length that is not of whole seconds", () => {
  const quarter = tumbling({ minutes: 15 });
  const start = (text: string) =>
    new Date(quarter.startOf(Date.parse(text))).toISOString();
  assertEquals(start("2026-02-03T02:16:55Z"), "2026-02-03T02:15:00.000Z");
  assertEquals(start("2026-02-03T02:15:00Z"), "2026-02-03T02:15:00.000Z");
  assertEquals(start("1969-12-31T23:59:59Z"), "1969-12-31T23:45:00.000Z");
  for (const seconds of [0, -60, 0.5, NaN, Infinity]) {
    assertThrows(() => tumbling({ seconds }), RangeError);
  }
});

Deno.test("timeOf() reads every form of a time in UTC", () => {
  const times = [
    "2026-06-30T23:59:59.763294+00:00",
    "2026-06-30T23:59:59.763-00:00",
    "2026-06-30t23:59:59.763z",
    "2026-06-30T23:59:60.763Z",
  ].map((ts_utc) => timeOf(orders, makeOrder({ ts_utc })));
  assertEquals(
    new Set(times),
    new Set([Date.UTC(2026, 5, 30, 23, 59, 59, 763)]),
  );
});
