/**
 * Why compressed data can't be turned back into what it was: it is damaged, or it would grow beyond the limit.
 *
 * @module
 */

/** Compressed data that isn't what its format says. */
export class DamagedDataError extends Error {}

/** Compressed data that inflates to more than it may. */
export class InflateLimitError extends DamagedDataError {
  constructor(limit: number) {
    super(`it inflates to more than the limit of ${limit} bytes`);
  }
}
