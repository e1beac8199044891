/**
 * Finds numbers in JSON that would become others when it is read.
 *
 * JavaScript's numbers are 64-bit floats. `JSON.parse()` rounds 9007199254740993 to …992 and 1e400 to infinity, and says nothing.
 *
 * @module
 */

import { InvalidEventError } from "../base/errors.ts";

/**
 * More digits in a row, within strings too, than a float always keeps in a decimal number of a usual size: 15 (IEEE 754's binary64).
 * V8 finds them four times as fast as by `{16}`.
 */
const LONG_NUMBER = new RegExp("[\\d.]".repeat(16));

/** Numbers that are longer are not compared, in characters. No float needs as many. */
const MAX_NUMBER_LENGTH = 400;

/** The smallest number with all of a float's digits. */
const MIN_NORMAL = 2 ** -1_022;

/** How many levels are searched for a number. */
const MAX_LEVELS = 32;

/** An exponent large enough to leave the range of floats. What follows it tells it from the digits of a UUID. */
const LARGE_EXPONENT = /e[-+]?\d{3,}(?![\da-f"-])/i;

/**
 * Refuses JSON with a number that would become another one when it is read.
 *
 * Kept are integers up to 2^53 - 1 on either side of zero, and other numbers if the shortest text of what they become has the
 * same value.
 *
 * @param json The text, known to be JSON.
 * @param read What it is read as, and the path of the field that it is the value of; undefined for the whole event.
 * @throws {InvalidEventError} If a number can't be kept; the message has the path of its field and its digits.
 */
export function refuseInexact(
  json: string,
  read: { readonly value: unknown; readonly name?: string },
): void {
  if (
    !LONG_NUMBER.test(json) &&
    // Searching the value first takes a quarter of the time.
    !(hasExtreme(read.value) && LARGE_EXPONENT.test(json))
  ) return;
  const inexact = findInexact(json);
  if (!inexact) return;
  const { path, digits } = inexact;
  throw new InvalidEventError(
    `${
      [read.name, path].filter(Boolean).join("/") || "the event"
    } is a number that can't be kept exactly: ${
      digits.length > 40 ? `${digits.slice(0, 40)}…` : digits
    }`,
  );
}

/** Looks for a number that a large exponent may have made what it is. */
function hasExtreme(value: unknown, level = 0): boolean {
  if (typeof value === "number") {
    const size = Math.abs(value);
    return !(size >= MIN_NORMAL && size <= Number.MAX_SAFE_INTEGER);
  }
  if (typeof value !== "object" || value === null) return false;
  if (level === MAX_LEVELS) return true;
  if (Array.isArray(value)) {
    return value.some((one) => hasExtreme(one, level + 1));
  }
  for (const name in value) {
    if (hasExtreme((value as Record<string, unknown>)[name], level + 1)) {
      return true;
    }
  }
  return false;
}

/** What `JSON.parse()` calls for each value, with its source text: the types of TypeScript don't know that yet. */
type Reviver = (
  this: unknown,
  key: string,
  value: unknown,
  context?: { readonly source?: string },
) => unknown;

/** Parses again with each number's own text at hand, which takes several times as long. */
function findInexact(
  json: string,
): { readonly path: string; readonly digits: string } | undefined {
  let found: { readonly digits: string; holder: unknown; path: string };
  const look: Reviver = function (key, value, { source = "" } = {}) {
    if (found) {
      // A value comes before what holds it, so that the path is found from its end.
      if (value === found.holder && key !== "") {
        found.holder = this;
        found.path = `${key}/${found.path}`;
      }
    } else if (typeof value === "number" && !isKept(source)) {
      found = { digits: source, holder: this, path: key };
    }
    return value;
  };
  try {
    JSON.parse(json, look);
  } catch (cause) {
    throw new InvalidEventError("The event is nested too deeply", { cause });
  }
  return found!;
}

function isKept(digits: string): boolean {
  if (digits.length > MAX_NUMBER_LENGTH) return false;
  const value = Number(digits);
  if (/^-?\d+$/.test(digits)) return Number.isSafeInteger(value);
  const written = String(value);
  return written === digits ||
    Number.isFinite(value) && decimalOf(digits) === decimalOf(written);
}

/** Writes a number so that equal values have equal texts: all digits from the first to the last that is not 0, then the exponent. */
function decimalOf(number: string): string {
  const [mantissa = "", exponent = "0"] = number.toLowerCase().split("e");
  const [, sign = "", whole = "", fraction = ""] =
    /^(-?)0*(\d*)\.?(\d*)$/.exec(mantissa) ?? [];
  const digits = (whole + fraction).replace(/^0+/, "");
  const significant = digits.replace(/0+$/, "");
  if (significant === "") return "0";
  const zeros = digits.length - significant.length;
  return `${sign}${significant}e${
    BigInt(exponent) - BigInt(fraction.length - zeros)
  }`;
}
