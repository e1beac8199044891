/**
 * How events are written for a person: a line when one is sent, a block when one was consumed.
 *
 * @module
 */

import { isObject } from "../base/json_schema/documents.ts";
import { printable } from "../base/terminal_text.ts";
import type { EventType } from "../events/event_type.ts";
import type { StoredEventDefinition } from "../store/stored_event.ts";

/** How events of one kind are written. What it gives is safe for a terminal. */
export interface EventText<T> {
  /** What one of them is called; several have an s behind it: `loyalty_scan event`. */
  readonly noun: string;
  name(event: T): string;
  /** Writes an event that is about to be sent, in one line. */
  sending(event: T): string;
  /** Writes an event that was consumed, a line per field. */
  block(event: T): string[];
}

/** A kind of event, and how its events are written. */
export interface EventChoice<T = unknown> {
  readonly type: EventType<T>;
  readonly text: EventText<T>;
  /** What a store keeps of them: the events alone by default. */
  readonly kept?: StoredEventDefinition<T>;
}

function valueText(value: unknown): string {
  return printable(typeof value === "string" ? value : JSON.stringify(value));
}

/** Writes any event, a line per field, safe for a terminal. */
export function eventLines(event: unknown): string[] {
  return isObject(event)
    ? Object.entries(event)
      .map(([name, value]) => `${printable(name)}: ${valueText(value)}`)
    : [valueText(event)];
}

/** Makes the text for events that have no text of their own: each field with its name. */
export function genericText<T>(type: EventType<T>): EventText<T> {
  const idOf = (event: T) => {
    const id = isObject(event) && type.idField !== undefined
      ? event[type.idField]
      : undefined;
    return valueText(id ?? event);
  };
  return {
    noun: `${type.name} event`,
    name: (event) => `${type.name} ${idOf(event)}`,
    sending: (event) => eventLines(event).join(", "),
    block: eventLines,
  };
}
