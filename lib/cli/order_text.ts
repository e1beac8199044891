/**
 * How orders are written for a person.
 *
 * @module
 */

import { printable } from "../base/terminal_text.ts";
import { type Order, orders } from "../events/order.ts";
import { orderStore } from "../store/orders.ts";
import type { EventChoice, EventText } from "./event_text.ts";

/** The text of orders. */
export const orderText: EventText<Order> = {
  noun: "customer event",
  name: (order) => `order ${printable(order.event_id)}`,
  sending: (order) =>
    `${printable(order.customer_name)} ordered ${order.quantity}x ` +
    `${printable(order.drink_name)} ($${order.amount.toFixed(2)} CAD) - ` +
    `Member: ${order.is_member ? "True" : "False"}`,
  block: (order) => [
    `Event ID: ${printable(order.event_id)}`,
    `Customer: ${printable(order.customer_name)} (${
      order.is_member ? "Member" : "Non-Member"
    })`,
    `Order: ${order.quantity}x ${printable(order.drink_name)}`,
    `Amount: $${order.amount.toFixed(2)}`,
    `Event Time (UTC): ${printable(order.ts_utc)}`,
  ],
};

/** Orders, and how they are written. */
export const orderChoice: EventChoice<Order> = {
  type: orders,
  text: orderText,
  kept: orderStore,
};
