/**
 * The loyalty scan: a card that is scanned at the till, and the points that it earns or spends.
 *
 * @module
 */

import schema from "../../schemas/loyalty_scan.schema.json" with {
  type: "json",
};
import { defineEvent, type EventType } from "./event_type.ts";
import { isUtcTime, isUuid } from "./formats.ts";
import { shownValue } from "./json_schema.ts";
import { randomSource } from "./random.ts";

/** One scan, as `schemas/loyalty_scan.schema.json` defines it. */
export interface LoyaltyScan {
  /** Identifies the scan: a UUID. */
  readonly event_id: string;
  /** The number on the card. */
  readonly card_id: string;
  /** The full name of the card's holder. */
  readonly customer_name: string;
  /** The points earned; negative if they were spent. Never 0. */
  readonly points: number;
  /** Where the card was scanned. */
  readonly place: string;
  /** When the card was scanned: ISO 8601 in UTC. */
  readonly ts_utc: string;
}

/** The loyalty scans of the cafe: topic `loyalty`, the card's number as the key. */
export const loyaltyScans: EventType<LoyaltyScan> = defineEvent<LoyaltyScan>({
  name: "loyalty_scan",
  topic: "loyalty",
  schema,
  key: ({ card_id }) => card_id,
  idField: "event_id",
  timeField: "ts_utc",
  validate: problemOf,
  generate: randomScans,
});

function problemOf(scan: LoyaltyScan): string | undefined {
  const { event_id, ts_utc } = scan;
  if (!isUuid(event_id)) {
    return `event_id must be a UUID: ${shownValue(event_id)}`;
  }
  if (scan.card_id === "") return "card_id must not be empty";
  if (!isUtcTime(ts_utc)) {
    return `ts_utc must be a time in ISO 8601, UTC: ${shownValue(ts_utc)}`;
  }
  return undefined;
}

const CARDS: readonly (readonly [card: string, holder: string])[] = [
  ["C-1001", "Alice Johnson"],
  ["C-1002", "Bob Smith"],
  ["C-1005", "Ethan Brown"],
  ["C-1007", "Grace Lee"],
];
/** Where cards are scanned. */
export const PLACES: readonly string[] = [
  "Main Hall",
  "Library",
  "Sports Centre",
];
/** What a reward costs, in points. */
export const REWARD_POINTS = 50;
const MAX_POINTS = 20;

function* randomScans(
  { seed }: { readonly seed?: number | undefined },
): Generator<LoyaltyScan, never> {
  const random = randomSource(seed);
  while (true) {
    const [card_id, customer_name] = random.pick(CARDS);
    const spends = random.below(10) === 0;
    yield {
      event_id: random.uuid(),
      card_id,
      customer_name,
      points: spends ? -REWARD_POINTS : 1 + random.below(MAX_POINTS),
      place: random.pick(PLACES),
      ts_utc: random.now(),
    };
  }
}
