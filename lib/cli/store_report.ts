/**
 * What `deno task store` prints.
 *
 * @module
 */

import { printable } from "../base/terminal_text.ts";
import type { StoredBatch } from "../store/event_store.ts";
import { MemberReport, type MemberReportOptions } from "./member_report.ts";
import { output, printLine } from "./output.ts";

/** How long after a batch the progress is printed, in milliseconds. It covers what comes until then. */
const PROGRESS_MS = 1_000;

/** What is stored where, and how much of it is printed. */
interface StoreReportOptions extends MemberReportOptions {
  readonly noun: string;
  readonly database: string;
}

/** Prints a run of the store. */
export class StoreReport extends MemberReport<StoreReportOptions> {
  constructor(options: StoreReportOptions) {
    const { topic, noun, database, group } = options;
    super(options, {
      name: "Store",
      listening: `Storing the ${noun}s of topic '${topic}' in '${
        printable(database)
      }' (group: ${printable(group)})...`,
      done: "Stored",
      total: "events stored",
    });
  }

  /** Counts a batch, and prints soon how far the store has come. */
  readonly stored = ({ count, added }: StoredBatch): void => {
    this.taken += count;
    this.done += added;
    if (this.options.quiet || this.isStopping || this.progress) return;
    const timer = setTimeout(() => {
      this.progress = undefined;
      if (!output.full) printLine(`Events stored so far: ${this.done}`);
    }, PROGRESS_MS);
    this.progress = { end: () => clearTimeout(timer) };
  };
}
