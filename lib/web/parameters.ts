/**
 * The parameters of requests, checked.
 *
 * @module
 */

import { UsageError } from "../base/errors.ts";

/**
 * Reads a whole number of a URL; undefined if it is missing or empty. The smallest is 0 by default.
 *
 * @throws {UsageError} If it is not within the limits.
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

/** How many texts a list may have. */
const MAX_TEXTS = 10_000;

type Body = Readonly<Record<string, unknown>>;

/**
 * Reads a text of a request's body.
 *
 * @throws {UsageError} If it is missing, or not a text.
 */
export function textIn(body: Body, name: string): string {
  const value = body[name];
  if (typeof value === "string") return value;
  throw new UsageError(`${name} has to be a text`);
}

/**
 * Reads a list of texts; undefined if there is none.
 *
 * @throws {UsageError} If it is not a list of texts, or a very long one.
 */
export function textsIn(
  body: Body,
  name: string,
): readonly string[] | undefined {
  const value = body[name];
  if (value === undefined) return undefined;
  const isList = Array.isArray(value) && value.length <= MAX_TEXTS &&
    value.every((text) => typeof text === "string");
  if (isList) return value;
  throw new UsageError(`${name} has to be a list of up to ${MAX_TEXTS} texts`);
}

/**
 * Reads a whole number of a request's body; undefined if it is missing.
 *
 * @throws {UsageError} If it is not from 0.
 */
export function numberIn(body: Body, name: string): number | undefined {
  const value = body[name];
  if (value === undefined) return undefined;
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) {
    return value;
  }
  throw new UsageError(`${name} has to be a whole number from 0`);
}

/**
 * Reads a Boolean.
 *
 * @throws {UsageError} If it is missing, or not a Boolean.
 */
export function booleanIn(body: Body, name: string): boolean {
  const value = body[name];
  if (typeof value === "boolean") return value;
  throw new UsageError(`${name} has to be true or false`);
}
