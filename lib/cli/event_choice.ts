/**
 * Which kind of event a command is about: `--event`.
 *
 * @module
 */

import type { EventType } from "../events/event_type.ts";
import { loyaltyScans } from "../events/loyalty_scan.ts";
import { orders } from "../events/order.ts";
import type { StringFlag } from "./command.ts";
import { type EventText, genericText } from "./event_text.ts";
import { orderText } from "./order_text.ts";

/** A kind of event, and how its events are written. */
export interface EventChoice<T = unknown> {
  /** The kind of event. */
  readonly type: EventType<T>;
  /** How its events are written. */
  readonly text: EventText<T>;
}

const CHOICES = {
  order: { type: orders, text: orderText },
  loyalty_scan: { type: loyaltyScans, text: genericText(loyaltyScans) },
};

/** The name of a kind of event. */
export type EventName = keyof typeof CHOICES;

/** The row of a command's flag table for {@linkcode chooseEvent}. */
export const EVENT_FLAG = {
  type: "string",
  value: "NAME",
  description: "the kind of event",
  default: "order",
  choices: Object.keys(CHOICES) as EventName[],
} as const satisfies StringFlag;

/**
 * Finds a kind of event.
 *
 * @param name Its name.
 * @returns The kind, and how its events are written.
 */
export function chooseEvent(name: EventName): EventChoice {
  return CHOICES[name] as EventChoice;
}

/**
 * Lists the kinds of events that the program knows.
 *
 * @returns The kinds.
 */
export function eventTypes(): EventType<unknown>[] {
  return Object.values(CHOICES).map(({ type }) => type as EventType<unknown>);
}
