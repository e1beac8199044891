/**
 * Why compressed data can't be turned back into what it was: it is damaged, or it would grow beyond the limit.
 *
 * @module
 */

/** Compressed data that isn't what its format says. */
export class DamagedDataError extends Error {
  /** The class's name, in stack traces. */
  override name = "DamagedDataError";
}

/** Compressed data that inflates to more than it may. */
export class InflateLimitError extends Error {
  /** The class's name, in stack traces. */
  override name = "InflateLimitError";

  /** @param limit How much it may inflate to, in bytes. */
  constructor(limit: number) {
    super(`it inflates to more than the limit of ${limit} bytes`);
  }
}
