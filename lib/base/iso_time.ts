/**
 * Times in ISO 8601, as people and programs write them.
 *
 * @module
 */

/** A year of more than four digits has a sign and six; the time of day may follow a space; without a zone it is the machine's. */
const TIME =
  /^(\d{4}|[+-]\d{6})-(\d{2})-(\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(Z|[+-]\d{2}:\d{2})?)?$/i;

/**
 * Reads a date, or a date and a time of day, in ISO 8601: milliseconds since the epoch; undefined if it is not a time. `Date.parse`
 * takes nearly any text for one: `5` is a day in May 2001, and 31 February is in March.
 */
export function parseIsoTime(text: string): number | undefined {
  const [, year, month, day = "", time = "00:00", zone = ""] =
    TIME.exec(text) ?? [];
  const date = `${year}-${month}-${day}`;
  const midnight = new Date(`${date}T00:00Z`);
  // A month that has fewer days goes on in the next one.
  if (midnight.getUTCDate() !== Number(day)) return undefined;
  const timeMs = Date.parse(`${date}T${time}${zone.toUpperCase()}`);
  return Number.isNaN(timeMs) ? undefined : timeMs;
}
