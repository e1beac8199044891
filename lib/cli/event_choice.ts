/**
 * The kinds of events that the program knows.
 *
 * @module
 */

import { defineEvent, type EventType } from "../events/event_type.ts";
import { loyaltyScans } from "../events/loyalty_scan.ts";
import { scanStore } from "../store/loyalty_scans.ts";

import { type EventChoice, eventLines, genericText } from "./event_text.ts";
import { textFlag } from "./flags.ts";
import { orderChoice } from "./order_text.ts";

const CHOICES = [
  orderChoice,
  { type: loyaltyScans, text: genericText(loyaltyScans), kept: scanStore },
] as readonly EventChoice[];

/** The row of a command's flag table for {@linkcode chooseEvent}. */
export const EVENT_FLAG = textFlag("NAME", "the kind of event", {
  default: orderChoice.type.name,
  choices: CHOICES.map(({ type }) => type.name),
});

/** Finds a kind of event by its name, and how its events are written. */
export function chooseEvent(name: string): EventChoice {
  const choice = CHOICES.find(({ type }) => type.name === name);
  if (!choice) throw new RangeError(`There is no kind of event "${name}"`);
  return choice;
}

/** Lists the kinds of events that the program knows. */
export function eventTypes(): EventType<unknown>[] {
  return CHOICES.map(({ type }) => type);
}

/**
 * Makes the kind that all events are of. Each is checked and written as one of the known kind by whose schema it was written; any
 * other by its writer's schema alone, a line per field.
 */
export function anyEvent(): EventChoice {
  const type = defineEvent<unknown>({
    name: "event",
    topic: "",
    schema: {},
    key: () => null,
    kinds: eventTypes(),
  });
  return {
    type,
    text: {
      ...genericText(type),
      block: (event) =>
        CHOICES.find(({ type }) => type.allows(event))?.text.block(event) ??
          eventLines(event),
    },
  };
}
