/**
 * How the page writes money, counts, sizes and times: times in the viewer's zone.
 *
 * @module
 */

const LANGUAGE = "en-CA";

const dollars = new Intl.NumberFormat(LANGUAGE, {
  style: "currency",
  currency: "CAD",
});
const shortDollars = new Intl.NumberFormat(LANGUAGE, {
  style: "currency",
  currency: "CAD",
  notation: "compact",
  minimumFractionDigits: 0,
  maximumFractionDigits: 2,
});
const counts = new Intl.NumberFormat(LANGUAGE);
const tenths = new Intl.NumberFormat(LANGUAGE, { maximumFractionDigits: 1 });

/** @param {Intl.DateTimeFormatOptions} options */
function times(options) {
  return new Intl.DateTimeFormat(LANGUAGE, { hourCycle: "h23", ...options });
}

const minutes = times({ hour: "2-digit", minute: "2-digit" });
const seconds = times({
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});
const milliseconds = times({
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  fractionalSecondDigits: 3,
});
const days = times({ month: "short", day: "numeric" });
const years = times({ year: "numeric", month: "short", day: "numeric" });

/** @param {number} cents In cents. */
export const money = (cents) => dollars.format(cents / 100);

/**
 * Writes money for an axis, such as `$1.5K`.
 *
 * @param {number} value In dollars.
 */
export const axisMoney = (value) => shortDollars.format(value);

/** @param {number} value How many. */
export const count = (value) => counts.format(value);

/**
 * Writes a count with its noun.
 *
 * @param {number} value How many.
 * @param {string} one The noun for one.
 * @param {string} [many] The noun for any other number.
 */
export const counted = (value, one, many = `${one}s`) =>
  `${count(value)} ${value === 1 ? one : many}`;

/** @param {number} part From 0 to 1. */
export const percent = (part) => `${Math.round(part * 100)} %`;

/**
 * Writes how long something is in memory.
 *
 * @param {number | null} value In bytes; null where it is not known.
 */
export function size(value) {
  if (value === null) return "not known";
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
  let at = 0;
  let left = value;
  for (; left >= 1024 && at < units.length - 1; at++) left /= 1024;
  return `${tenths.format(left)} ${units[at]}`;
}

/**
 * Finds where the viewer's day starts.
 *
 * @param {number} at A time of that day, in milliseconds since the epoch.
 * @returns {number} Its midnight, in milliseconds since the epoch.
 */
export function startOfDay(at) {
  return new Date(at).setHours(0, 0, 0, 0);
}

/** @param {number} at */
function dayBefore(at) {
  const day = startOfDay(at);
  if (day === startOfDay(Date.now())) return "";
  const sameYear = new Date(at).getFullYear() === new Date().getFullYear();
  return `${(sameYear ? days : years).format(at)}, `;
}

/** @param {number} at In milliseconds since the epoch. */
export const clockMinute = (at) => minutes.format(at);

/** @param {number} at In milliseconds since the epoch. */
export const clock = (at) => seconds.format(at);

/**
 * Writes a time to the second, with its day if it is not today.
 *
 * @param {number} at In milliseconds since the epoch.
 */
export const time = (at) => `${dayBefore(at)}${seconds.format(at)}`;

/**
 * Writes a time to the millisecond, with its day if it is not today.
 *
 * @param {number | null} at In milliseconds since the epoch; null if there is none.
 */
export const exactTime = (at) =>
  at === null ? "no time" : `${dayBefore(at)}${milliseconds.format(at)}`;
