/**
 * Formats that are checked in code, since a registered schema can't be given a `format` later on: that is an incompatible change.
 *
 * @module
 */

/** The text form alone: the bits for version and variant are not checked. V8 takes four times as long for `[0-9a-f]{8}`. */
const UUID = new RegExp(
  `^${[8, 4, 4, 4, 12].map((count) => "[0-9a-f]".repeat(count)).join("-")}$`,
  "i",
);

/** The offset may be `Z` or zero; a leap second is a time as well. */
const UTC_TIME =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d|23:59:60)(?:\.\d+)?(?:Z|[+-]00:00)$/i;

/** Tells whether a text has the form of a UUID (RFC 9562). */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/** Tells whether a text is a time in ISO 8601 (RFC 3339), in UTC. */
export function isUtcTime(text: string): boolean {
  if (!UTC_TIME.test(text)) return false;
  const day = Number(text.slice(8, 10));
  // Each month has that many.
  if (day <= 28) return true;
  const lastDay = new Date(Date.UTC(2000, 0, 1));
  lastDay.setUTCFullYear(Number(text.slice(0, 4)), Number(text.slice(5, 7)), 0);
  return day <= lastDay.getUTCDate();
}
