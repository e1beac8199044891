/**
 * A source of random events.
 *
 * @module
 */

import { PipelineError } from "../../base/errors.ts";
import { pause } from "../../base/pause.ts";
import type { EventType } from "../../events/event_type.ts";
import type { SourceItem } from "./source.ts";

/** How many random events, and how fast. */
export interface GeneratedOptions {
  readonly count: number;
  /** The pause between two events, in milliseconds. */
  readonly intervalMs: number;
  /** The events. By default: what the kind of event generates. */
  readonly events?: Iterator<unknown> | undefined;
  /** Repeats the same events, but for their times. */
  readonly seed?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Generates random events, one at a time. The interval follows the last event too, as in the Python program that this one replaces. */
export async function* generatedEvents<T>(
  type: EventType<T>,
  options: GeneratedOptions,
): AsyncGenerator<SourceItem, void, undefined> {
  const { count, intervalMs, seed, signal } = options;
  const { events = type.generate?.({ seed }) } = options;
  if (!events) throw new PipelineError(`Can't generate ${type.name} events`);
  for (let number = 1; number <= count; number++) {
    if (signal?.aborted) return;
    yield { number, value: events.next().value };
    if (intervalMs > 0) await pause(intervalMs, signal);
  }
}
