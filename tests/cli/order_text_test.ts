/**
 * The lines of an order, character by character, and that nothing in one reaches a terminal as anything but text.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { orderText } from "../../lib/cli/order_text.ts";
import type { Order } from "../../lib/events/order.ts";
import { EVIL, isObeyed } from "../support/unsafe_text.ts";

const ORDER: Order = {
  event_id: "d19fc126-039e-445e-a159-38d1ef21c70f",
  customer_name: "Diana Martinez",
  drink_name: "Espresso",
  quantity: 1,
  amount: 4.05,
  is_member: false,
  ts_utc: "2026-02-03T02:16:55.763294+00:00",
};

Deno.test("orderText.sending() writes the line of the contract", () => {
  assertEquals(
    orderText.sending(ORDER),
    "Diana Martinez ordered 1x Espresso ($4.05 CAD) - Member: False",
  );
  assertEquals(
    orderText.sending({ ...ORDER, quantity: 12, is_member: true }),
    "Diana Martinez ordered 12x Espresso ($4.05 CAD) - Member: True",
  );
});

Deno.test("orderText.block() writes the lines of the contract", () => {
  const lines = [
    "Event ID: d19fc126-039e-445e-a159-38d1ef21c70f",
    "Customer: Diana Martinez (Non-Member)",
    "Order: 1x Espresso",
    "Amount: $4.05",
    "Event Time (UTC): 2026-02-03T02:16:55.763294+00:00",
  ];
  assertEquals(orderText.block(ORDER), lines);
  assertEquals(
    orderText.block({ ...ORDER, is_member: true }),
    lines.with(1, "Customer: Diana Martinez (Member)"),
  );
});

Deno.test("orderText.name() names an order by its id", () => {
  assertEquals(orderText.name(ORDER), `order ${ORDER.event_id}`);
});

Deno.test("orderText writes two decimals, whatever the amount", () => {
  const amounts: [number, string][] = [
    [0, "0.00"],
    [-0, "0.00"],
    [3, "3.00"],
    [3.6, "3.60"],
    [0.1 + 0.2, "0.30"],
    [19.8, "19.80"],
    [1234567.891, "1234567.89"],
  ];
  for (const [amount, text] of amounts) {
    const order = { ...ORDER, amount };
    assert(orderText.sending(order).includes(`($${text} CAD)`));
    assert(orderText.block(order).includes(`Amount: $${text}`));
  }
});

Deno.test("orderText escapes every text of an order", () => {
  for (
    const field of [
      "event_id",
      "customer_name",
      "drink_name",
      "ts_utc",
    ] as const
  ) {
    const order = { ...ORDER, [field]: EVIL };
    const { name, sending, block } = orderText;
    const lines = [name(order), sending(order), ...block(order)];
    assert(!lines.some((line) => isObeyed(line) || line.includes("\n")), field);
  }
});
