/**
 * What `deno task consume` prints.
 *
 * @module
 */

import { toJsonLine } from "../events/record_json.ts";
import { printable } from "../base/terminal_text.ts";
import type { EventHandler } from "../consume/handler.ts";
import { describeAccount } from "./account.ts";
import type { EventText } from "./event_text.ts";
import {
  errors,
  note,
  output,
  OutputClosedError,
  OutputStalledError,
  printLine,
} from "./output.ts";
import { Progress, type RunState } from "./progress.ts";
import { describeRecord } from "./record_text.ts";
import { SetAsideNotes } from "./set_aside.ts";

/** What is consumed, and how much of it is printed. */
export interface ConsumeReportOptions {
  /** The topic. */
  readonly topic: string;
  /** How the events are written. */
  readonly text: EventText<unknown>;
  /** The consumer group. */
  readonly group: string;
  /** How many events to consume; undefined for no limit. */
  readonly count?: number | undefined;
  /** Print JSON and nothing else. */
  readonly json: boolean;
  /** Leave out the lines for each event. */
  readonly quiet: boolean;
}

/** Prints a run of the consumer: events on stdout, what went wrong and the account on stderr. */
export class ConsumeReport {
  readonly #options: ConsumeReportOptions;
  /** The messages that were set aside. */
  readonly notes = new SetAsideNotes();
  /** When it began to listen; undefined if it did not yet. */
  #listeningSince: number | undefined;
  /** The partitions that the group has assigned, as text. */
  #partitions = "";
  #stopping = false;
  #progress: Progress | undefined;
  /** How many events were printed, and how many of these the output has taken. */
  #printed = 0;
  #consumed = 0;

  constructor(options: ConsumeReportOptions) {
    this.#options = options;
  }

  /** Prints the first line. */
  starting(): void {
    this.#say("Starting Cafe Event Consumer with Schema Registry...");
  }

  /** Whether it has begun to listen. A failure before that needs no account. */
  get listening(): boolean {
    return this.#listeningSince !== undefined;
  }

  /** Prints the rest of the opening lines, and later the partitions that the group has assigned instead. */
  readonly assigned = (partitions: readonly number[]): void => {
    const { topic, group } = this.#options;
    const before = this.#partitions;
    this.#partitions = partitions.join(", ");
    if (this.#listeningSince !== undefined) {
      if (partitions.length === 0 || this.#partitions === before) return;
      note(`Assigned partitions of '${topic}': ${this.#partitions}`);
      return;
    }
    this.#listeningSince = Date.now();
    this.#say(`Listening to topic '${topic}' (group: ${printable(group)})...`);
    this.#say("Press Ctrl+C to stop");
    this.#say();
    this.#say("=".repeat(80));
    if (this.#options.quiet) this.#progress = new Progress(this.#state);
  };

  readonly #state = (): RunState => {
    const { count } = this.#options;
    return {
      done: "Consumed",
      count: this.#printed,
      startedAt: this.#listeningSince ?? 0,
      share: count === undefined ? undefined : this.#printed / count,
    };
  };

  /** Prints one event. Waits while the reader of the output is behind. */
  readonly consumed: EventHandler<unknown> = (record) => {
    const { json, quiet, text } = this.#options;
    this.#printed++;
    if (json) printLine(toJsonLine(record));
    else if (!quiet) printLine(describeRecord(this.#printed, record, text));
    return output.full ? output.written() : undefined;
  };

  /** Waits until the output has taken every event, so that nothing is committed that was not shown. */
  readonly shown = async (): Promise<void> => {
    const printed = this.#printed;
    await output.written();
    this.#consumed = printed;
  };

  /** Prints that the consumer is about to stop. */
  readonly stopping = (): void => {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#progress?.end();
    this.#say("Shutting down consumer...");
    this.#say("Closing consumer...");
  };

  /** Prints the closing lines. Returns when the output has taken them, or can't any more. */
  async closed(): Promise<void> {
    this.stopping();
    await this.shown().catch(() => {});
    this.#say(`Consumer closed. Total messages consumed: ${this.#consumed}`);
    await output.written().catch(() => {});
  }

  /**
   * Prints the account: if something is missing, and else if a person may want it.
   *
   * @param failed Whether an error ended the run.
   */
  account(failed: boolean): void {
    const { count, quiet } = this.#options;
    const { failure } = output;
    const stalled = failure instanceof OutputStalledError;
    // `| head` has what it wants.
    if (failure instanceof OutputClosedError && !stalled) return;
    const short = stalled || failed ||
      count !== undefined && this.#consumed < count;
    const complete = !short && this.notes.deadLetters === 0;
    if (complete && !quiet && !errors.isTerminal) return;
    errors.print(describeAccount({
      done: "Consumed",
      count: this.#consumed,
      of: count === undefined ? undefined : Math.max(count, this.#consumed),
      tookMs: Date.now() - (this.#listeningSince ?? Date.now()),
      rest: [
        ...this.notes.clauses(),
        ...(short ? ["stopped before the rest"] : []),
        ...(stalled ? ["the reader of the output has stopped reading"] : []),
      ],
    }));
  }

  /** Prints a line for a person. */
  #say(text = ""): void {
    if (!this.#options.json) printLine(text);
  }
}
