/**
 * The account that ends a run: how many events in how much time, and what is missing.
 *
 * @module
 */

import { plural } from "../base/plural.ts";

/** Writes numbers with commas between thousands. */
export const numbers: Intl.NumberFormat = new Intl.NumberFormat("en-US", {
  maximumFractionDigits: 0,
});

/** Writes how many of which there are as a clause, such as `2 dead letters, 1 tombstone`; no clause if there is nothing to count. */
export function listOf(
  things: readonly (readonly [count: number, what: string])[],
): string[] {
  const list = things.filter(([count]) => count > 0)
    .map(([count, what]) => `${numbers.format(count)} ${what}`).join(", ");
  return list ? [list] : [];
}

/** Writes a duration, such as `1.2 s` or `5 min 3 s`. */
export function describeDuration(ms: number): string {
  if (ms < 100) return `${Math.round(ms)} ms`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 60) return `${(ms / 1_000).toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${numbers.format(Math.floor(minutes / 60))} h ${minutes % 60} min`;
}

/** Writes an account, such as `Delivered 26,500 of 200,000 events in 1.2 s (22,083/s); stopped before the rest.` */
export function describeAccount(
  { done, count, of = count, tookMs, rest }: {
    /** What was done to the events, capitalised, such as `Delivered`. */
    readonly done: string;
    readonly count: number;
    /** How many it should have been; undefined if that is not known. */
    readonly of?: number | undefined;
    readonly tookMs: number;
    /** What else there is to say, in clauses. */
    readonly rest: readonly string[];
  },
): string {
  const share = count === of ? "" : ` of ${numbers.format(of)}`;
  // A rate of less than one a second would be shown as 0 or 1.
  const rate = count * 1_000 / Math.max(tookMs, 1);
  return [
    `${done} ${numbers.format(count)}${share} ${plural(of, "event")} in ${
      describeDuration(tookMs)
    }` +
    (rate < 1 ? "" : ` (${numbers.format(rate)}/s)`),
    ...rest,
  ].join("; ") + ".";
}
