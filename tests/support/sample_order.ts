/**
 * A valid order with fixed values.
 *
 * @module
 */

import type { Order } from "../../lib/events/order.ts";

/** The order. */
export const ORDER: Order = {
  event_id: "d19fc126-039e-445e-a159-38d1ef21c70f",
  customer_name: "Charlie Davis",
  drink_name: "Cold Brew",
  quantity: 2,
  amount: 3.6,
  is_member: false,
  ts_utc: "2026-02-03T02:16:55.763294+00:00",
};
