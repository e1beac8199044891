/**
 * What the store keeps of loyalty scans: each scan, and the points by card.
 *
 * @module
 */

import { type LoyaltyScan, loyaltyScans } from "../events/loyalty_scan.ts";
import { aggregate, count, sum } from "./aggregate.ts";
import type { StoredEventDefinition } from "./stored_event.ts";

/** Scans and points by card. */
export const cardPoints = aggregate(loyaltyScans, {
  name: "card_points",
  by: { card_id: ({ card_id }) => card_id },
  fold: { scans: count(), points: sum(({ points }) => points) },
});

/** The scans and their aggregate. */
export const scanStore: StoredEventDefinition<LoyaltyScan> = {
  aggregates: [cardPoints],
};
