/**
 * The parameters of requests, checked.
 *
 * @module
 */

import { UsageError } from "../base/errors.ts";

/**
 * Reads a whole number.
 *
 * @param parameters The URL's parameters.
 * @param name The number's name.
 * @param limits What it may be. The smallest is 0 by default.
 * @returns The number; undefined if it is missing or empty.
 * @throws {UsageError} If it is not a number within the limits.
 */
export function numberOf(
  parameters: URLSearchParams,
  name: string,
  limits: { readonly min?: number; readonly max: number },
): number | undefined {
  const { min = 0, max } = limits;
  const text = parameters.get(name);
  if (!text) return undefined;
  const value = Number(text);
  if (/^\d{1,16}$/.test(text) && value >= min && value <= max) return value;
  throw new UsageError(
    `${name} is a whole number from ${min} to ${max}: "${text}"`,
  );
}
