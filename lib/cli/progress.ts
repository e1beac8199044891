/**
 * How far a run is: a line on a terminal that is rewritten in place, a plain line now and then elsewhere.
 *
 * @module
 */

import { plural } from "../base/plural.ts";
import { describeDuration, numbers } from "./account.ts";
import { errors, note, output } from "./output.ts";

/** How often the line on a terminal is rewritten, in milliseconds. */
const LIVE_INTERVAL_MS = 200;
/** How often a line is printed elsewhere, in milliseconds. */
const LOG_INTERVAL_MS = 10_000;
const BAR_WIDTH = 20;

/** How far a run is. */
export interface RunState {
  readonly done: string;
  readonly count: number;
  /** When it began, in milliseconds since the epoch. */
  readonly startedAt: number;
  /** Which part of everything is done, from 0 to 1; undefined if it is not known how much that is. */
  readonly share?: number | undefined;
  /** Which part of everything an earlier run has done. By default: `0`. */
  readonly startShare?: number | undefined;
}

/** Writes how far a run is, such as `Delivered 26,500 events (22,083/s), 45%, 12.0 s left`. */
export function describeProgress(
  { done, count, startedAt, share, startShare = 0 }: RunState,
  now: number,
): string {
  const tookMs = Math.max(now - startedAt, 1);
  const rate = count * 1_000 / tookMs;
  const gained = (share ?? 0) - startShare;
  return [
    `${done} ${numbers.format(count)} ${plural(count, "event")}` +
    (rate < 1 ? "" : ` (${numbers.format(rate)}/s)`),
    ...(share === undefined ? [] : [`${Math.floor(share * 100)}%`]),
    ...(share === undefined || gained <= 0
      ? []
      : [`${describeDuration(tookMs * (1 - share) / gained)} left`]),
  ].join(", ");
}

function barOf(share: number): string {
  const filled = Math.floor(share * BAR_WIDTH);
  return `[${"#".repeat(filled)}${"-".repeat(BAR_WIDTH - filled)}] `;
}

/** Shows on standard error how far a run is, until its end. */
export class Progress {
  readonly #timer: ReturnType<typeof setInterval>;
  #shownCount = 0;

  /** @param look Tells how far the run is; undefined while it has not begun. */
  constructor(look: () => RunState | undefined) {
    const show = () => {
      const state = look();
      if (!state) return;
      const text = describeProgress(state, Date.now());
      if (errors.isTerminal) {
        const { share } = state;
        errors.showStatus(share === undefined ? text : barOf(share) + text);
      } else if (state.count !== this.#shownCount) {
        this.#shownCount = state.count;
        note(`${text}.`);
      }
    };
    this.#timer = setInterval(
      show,
      errors.isTerminal ? LIVE_INTERVAL_MS : LOG_INTERVAL_MS,
    );
  }

  end(): void {
    clearInterval(this.#timer);
    // On one terminal the next line replaces it: what is written to two outputs at once has no sequence.
    if (!output.isTerminal) errors.showStatus("");
  }
}
