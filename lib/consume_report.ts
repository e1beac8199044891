/**
 * What `deno task consume` prints.
 *
 * @module
 */

import type {
  ConsumerSummary,
  EventHandler,
  UnreadableHandler,
} from "./consumer.ts";
import { printLine } from "./output.ts";
import { describeRecord, printable, toJsonLine } from "./report.ts";

/** What is consumed, and how much of it is printed. */
export interface ConsumeReportOptions {
  /** The topic. */
  readonly topic: string;
  /** The consumer group. */
  readonly group: string;
  /** Print JSON and nothing else. */
  readonly json: boolean;
  /** Leave out the lines for each order. */
  readonly quiet: boolean;
}

/** Prints a run of the consumer: orders on stdout, what went wrong on stderr. */
export class ConsumeReport {
  readonly #options: ConsumeReportOptions;
  #shown = 0;

  /**
   * Makes the report.
   *
   * @param options What is consumed, and how much of it is printed.
   */
  constructor(options: ConsumeReportOptions) {
    this.#options = options;
  }

  /** Prints the opening lines. */
  starting(): void {
    const { topic, group, json } = this.#options;
    if (json) return;
    printLine("Starting Cafe Event Consumer with Schema Registry...");
    printLine(`Listening to topic '${topic}' (group: ${printable(group)})...`);
    printLine("Press Ctrl+C to stop");
    printLine();
  }

  /** Prints one order. */
  readonly consumed: EventHandler = (record) => {
    const { json, quiet } = this.#options;
    this.#shown++;
    if (json) printLine(toJsonLine(record));
    else if (!quiet) printLine(describeRecord(this.#shown, record));
  };

  /** Prints which message can't be read, and why. */
  readonly unreadable: UnreadableHandler = (
    { topic, partition, offset },
    error,
  ) => {
    console.error(
      `Can't read message ${topic} [${partition}] offset=${offset}: ${
        printable(error.message)
      }`,
    );
  };

  /** Prints that the consumer is about to stop. */
  readonly stopping = (): void => {
    if (this.#options.json) return;
    printLine("Shutting down consumer...");
    printLine("Closing consumer...");
  };

  /** Prints the account. */
  closed({ consumed }: ConsumerSummary): void {
    if (!this.#options.json) {
      printLine(`Consumer closed. Total messages consumed: ${consumed}`);
    }
  }
}
