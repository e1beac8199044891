/**
 * The account that ends a run: how many events in how much time, and what is missing.
 *
 * @module
 */

/** What a run did. */
export interface Account {
  /** What was done to the events, capitalised, such as `Delivered`. */
  readonly done: string;
  /** How many events that was done to. */
  readonly count: number;
  /** How many it should have been; undefined if that is not known. */
  readonly of?: number | undefined;
  /** How long the run took, in milliseconds. */
  readonly tookMs: number;
  /** What else there is to say, in clauses. */
  readonly rest: readonly string[];
}

const numbers = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

/**
 * Writes a number of things.
 *
 * @param count How many.
 * @param thing What they are called, in the singular.
 * @returns Such as `26,500 events` or `1 event`.
 */
export function countOf(count: number, thing: string): string {
  return `${numbers.format(count)} ${thing}${count === 1 ? "" : "s"}`;
}

function describeDuration(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  if (seconds < 60) return `${(ms / 1_000).toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${numbers.format(Math.floor(minutes / 60))} h ${minutes % 60} min`;
}

/**
 * Writes an account.
 *
 * @param account The account.
 * @returns Such as `Delivered 26,500 of 200,000 events in 1.2 s (22,083/s); stopped before the rest.`
 */
export function describeAccount(account: Account): string {
  const { done, count, of = count, tookMs, rest } = account;
  const events = count === of
    ? countOf(count, "event")
    : `${numbers.format(count)} of ${countOf(of, "event")}`;
  // A rate of less than one a second would be shown as 0 or 1.
  const rate = count * 1_000 / Math.max(tookMs, 1);
  return [
    `${done} ${events} in ${describeDuration(tookMs)}` +
    (rate < 1 ? "" : ` (${numbers.format(rate)}/s)`),
    ...rest,
  ].join("; ") + ".";
}
