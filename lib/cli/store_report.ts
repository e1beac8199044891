/**
 * What `deno task store` prints.
 *
 * @module
 */

import { printable } from "../base/terminal_text.ts";
import type { StoredBatch } from "../store/event_store.ts";
import { describeAccount, listOf } from "./account.ts";
import { errors, note, output, printLine } from "./output.ts";
import { SetAsideNotes } from "./set_aside.ts";

/** What is stored where, and how much of it is printed. */
export interface StoreReportOptions {
  /** The topic. */
  readonly topic: string;
  /** What its events are called. */
  readonly plural: string;
  /** What the database is called. */
  readonly database: string;
  /** The consumer group. */
  readonly group: string;
  /** How many events to store; undefined for no limit. */
  readonly count?: number | undefined;
  /** Leave out the lines on the progress. */
  readonly quiet: boolean;
}

/** How long after a batch the progress is printed, in milliseconds. It covers what comes until then. */
const PROGRESS_MS = 1_000;

/** Prints a run of the store: progress on stdout, what went wrong and the account on stderr. */
export class StoreReport {
  readonly #options: StoreReportOptions;
  /** The messages that are not stored. */
  readonly notes = new SetAsideNotes();
  /** When it began to listen; undefined if it did not yet. */
  #listeningSince: number | undefined;
  /** The partitions that the group has assigned, as text. */
  #partitions = "";
  #progress: ReturnType<typeof setTimeout> | undefined;
  #stopping = false;
  #consumed = 0;
  #added = 0;

  constructor(options: StoreReportOptions) {
    this.#options = options;
  }

  /** Prints the first line. */
  starting(): void {
    printLine("Starting Cafe Event Store with Schema Registry...");
  }

  /** Whether it has begun to listen. A failure before that needs no account. */
  get listening(): boolean {
    return this.#listeningSince !== undefined;
  }

  /** Prints the rest of the opening lines, and later the partitions that the group has assigned instead. */
  readonly assigned = (partitions: readonly number[]): void => {
    const { topic, plural, database, group } = this.#options;
    const before = this.#partitions;
    this.#partitions = partitions.join(", ");
    if (this.#listeningSince !== undefined) {
      if (partitions.length === 0 || this.#partitions === before) return;
      note(`Assigned partitions of '${topic}': ${this.#partitions}`);
      return;
    }
    this.#listeningSince = Date.now();
    printLine(
      `Storing the ${plural} of topic '${topic}' in '${
        printable(database)
      }' (group: ${printable(group)})...`,
    );
    printLine("Press Ctrl+C to stop");
    printLine();
  };

  /** Counts a batch, and prints soon how far the store has come. */
  readonly stored = ({ count, added }: StoredBatch): void => {
    this.#consumed += count;
    this.#added += added;
    if (this.#options.quiet || this.#stopping) return;
    this.#progress ??= setTimeout(() => {
      this.#progress = undefined;
      if (!output.full) printLine(`Events stored so far: ${this.#added}`);
    }, PROGRESS_MS);
  };

  /** Prints that the store is about to stop. */
  readonly stopping = (): void => {
    if (this.#stopping) return;
    this.#stopping = true;
    clearTimeout(this.#progress);
    printLine("Shutting down store...");
    printLine("Closing store...");
  };

  /** Prints the closing lines. Returns when the output has taken them, or can't any more. */
  async closed(): Promise<void> {
    this.stopping();
    printLine(`Store closed. Total events stored: ${this.#added}`);
    await output.written().catch(() => {});
  }

  /**
   * Prints the account: if something is missing, and else if a person may want it.
   *
   * @param failed Whether an error ended the run.
   */
  account(failed: boolean): void {
    const { count, quiet } = this.#options;
    const short = failed || count !== undefined && this.#consumed < count;
    const complete = !short && this.notes.deadLetters === 0;
    if (complete && !quiet && !errors.isTerminal) return;
    errors.print(describeAccount({
      done: "Stored",
      count: this.#added,
      of: count === undefined ? undefined : Math.max(count, this.#added),
      tookMs: Date.now() - (this.#listeningSince ?? Date.now()),
      rest: [
        ...listOf([[this.#consumed - this.#added, "were there already"]]),
        ...this.notes.clauses(),
        ...(short ? ["stopped before the rest"] : []),
      ],
    }));
  }
}
