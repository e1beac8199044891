/**
 * What the store keeps of orders: each order, revenue by drink and minute, and what each customer has spent.
 *
 * @module
 */

import { type Order, orders } from "../events/order.ts";
import { aggregate, count, sum } from "./aggregate.ts";
import { columnsOf, type StoredEventDefinition } from "./stored_event.ts";
import { tumbling } from "./window.ts";

function centsOf({ amount }: Order): number {
  return Math.round(amount * 100);
}

function ifMember(value: (order: Order) => number): (order: Order) => number {
  return (order) => order.is_member ? value(order) : 0;
}

const quantityOf = ({ quantity }: Order) => quantity;

/** Orders, cups and revenue by drink and minute; and those of members. */
export const orderMinutes = aggregate(orders, {
  name: "order_minutes",
  by: {
    minute: tumbling({ minutes: 1 }),
    drink_name: ({ drink_name }) => drink_name,
  },
  fold: {
    orders: count(),
    cups: sum(quantityOf),
    cents: sum(centsOf),
    member_orders: count(({ is_member }) => is_member),
    member_cups: sum(ifMember(quantityOf)),
    member_cents: sum(ifMember(centsOf)),
  },
});

/** Orders, cups and spending by customer. */
export const orderCustomers = aggregate(orders, {
  name: "order_customers",
  by: { customer_name: ({ customer_name }) => customer_name },
  fold: { orders: count(), cups: sum(quantityOf), cents: sum(centsOf) },
});

const { amount: _dollars, ...fields } = columnsOf(orders);

/** The orders, with their price in cents, and their aggregates. */
export const orderStore: StoredEventDefinition<Order> = {
  columns: { ...fields, amount_cents: { type: "integer", value: centsOf } },
  aggregates: [orderMinutes, orderCustomers],
};
