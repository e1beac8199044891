/**
 * The order: what a customer of the cafe buys.
 *
 * @module
 */

import schema from "../../schemas/customer_event.schema.json" with {
  type: "json",
};
import { defineEvent, type EventType } from "./event_type.ts";
import { isUtcTime, isUuid } from "./formats.ts";
import { shownValue } from "./json_schema.ts";
import { randomSource } from "./random.ts";

/** One order, as `schemas/customer_event.schema.json` defines it. */
export interface Order {
  /** Identifies the order: a UUID. */
  readonly event_id: string;
  /** The customer's full name. */
  readonly customer_name: string;
  /** The drink that was ordered. */
  readonly drink_name: string;
  /** How many of the drink: a whole number from 1. */
  readonly quantity: number;
  /** The price of the whole order in Canadian dollars. */
  readonly amount: number;
  /** Whether the customer is a member of the cafe. */
  readonly is_member: boolean;
  /** When the order was made: ISO 8601 in UTC. */
  readonly ts_utc: string;
}

/** The orders of the cafe: topic `demo`, the customer's name as the key. */
export const orders: EventType<Order> = defineEvent<Order>({
  name: "order",
  topic: "demo",
  schema,
  key: ({ customer_name }) => customer_name.toLowerCase().replaceAll(" ", "_"),
  idField: "event_id",
  timeField: "ts_utc",
  validate: problemOf,
  generate: randomOrders,
});

function problemOf(order: Order): string | undefined {
  const { event_id, ts_utc } = order;
  if (!isUuid(event_id)) {
    return `event_id must be a UUID: ${shownValue(event_id)}`;
  }
  if (order.customer_name === "") return "customer_name must not be empty";
  if (order.drink_name === "") return "drink_name must not be empty";
  if (!isUtcTime(ts_utc)) {
    return `ts_utc must be a time in ISO 8601, UTC: ${shownValue(ts_utc)}`;
  }
  return undefined;
}

/** The customers of generated orders, and whether each is a member. */
export const CUSTOMERS: readonly (readonly [name: string, member: boolean])[] =
  [
    ["Alice Johnson", true],
    ["Bob Smith", true],
    ["Charlie Davis", false],
    ["Diana Martinez", false],
    ["Ethan Brown", true],
    ["Fatima Khan", false],
    ["Grace Lee", true],
    ["Hiro Tanaka", false],
  ];

/** What each drink costs, in Canadian cents. */
export const PRICE_LIST_CENTS: Readonly<Record<string, number>> = {
  "Espresso": 325,
  "Americano": 375,
  "Cappuccino": 475,
  "Latte": 495,
  "Cold Brew": 525,
};

const MAX_QUANTITY = 4;

/** Generates random valid orders, without end. */
export function* randomOrders(
  { seed }: { readonly seed?: number | undefined } = {},
): Generator<Order, never> {
  const random = randomSource(seed);
  const drinks = Object.entries(PRICE_LIST_CENTS);
  while (true) {
    const [customer_name, is_member] = random.pick(CUSTOMERS);
    const [drink_name, cents] = random.pick(drinks);
    const quantity = 1 + random.below(MAX_QUANTITY);
    yield {
      event_id: random.uuid(),
      customer_name,
      drink_name,
      quantity,
      amount: cents * quantity / 100,
      is_member,
      ts_utc: random.now(),
    };
  }
}
