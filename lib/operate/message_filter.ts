/**
 * Which of a topic's messages are looked for: those with a key, and with values in fields of their events.
 *
 * @module
 */

import { keyText } from "../events/record.ts";
import type { PeekedMessage } from "./peeked_message.ts";

/** A value that a field has to have. */
export interface FieldValue {
  /** The field's name; one with dots, such as `address.city`, names an inner field. */
  readonly field: string;
  /** The value: a text as it is, any other as JSON. */
  readonly value: string;
}

/** Reads a condition on a field, such as `quantity=2`; undefined if it isn't one. */
export function parseFieldValue(text: string): FieldValue | undefined {
  const [, field, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  return field === undefined || value === undefined
    ? undefined
    : { field, value };
}

/** Makes the test for messages. All has to match; undefined if every message does. */
export function messageFilter(
  wanted: {
    readonly key?: string | undefined;
    readonly fields?: readonly FieldValue[];
  },
): ((message: PeekedMessage) => boolean) | undefined {
  const { key, fields = [] } = wanted;
  if (key === undefined && fields.length === 0) return undefined;
  return (message) =>
    (key === undefined || keyText(message.key) === key) &&
    fields.every(({ field, value }) => textAt(message, field) === value);
}

/** Reads a field of a message's event: a text as it is, any other value as JSON; undefined if it has no such field. */
export function textAt(
  { decoded }: PeekedMessage,
  path: string,
): string | undefined {
  let at = "event" in decoded ? decoded.event : undefined;
  for (const name of path.split(".")) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, name)) {
      return undefined;
    }
    at = (at as Record<string, unknown>)[name];
  }
  return typeof at === "string" ? at : JSON.stringify(at);
}
