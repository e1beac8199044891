/**
 * What `deno task produce` prints.
 *
 * @module
 */

import type { CustomerEvent } from "./customer_event.ts";
import { type InvalidEventError, messageOf } from "./errors.ts";
import { printLine } from "./output.ts";
import type { ProduceObserver, ProduceSummary } from "./produce.ts";
import {
  describeDelivery,
  describeSending,
  type EventRecord,
  printable,
  toJsonLine,
} from "./report.ts";

/** What is sent where, and how much of it is printed. */
export interface ProduceReportOptions {
  /** The topic. */
  readonly topic: string;
  /** How many orders are generated. */
  readonly count: number;
  /** The file that they come from instead; `-` is standard input. */
  readonly file?: string | undefined;
  /** Print JSON and nothing else. */
  readonly json: boolean;
  /** Leave out the lines for each order. */
  readonly quiet: boolean;
}

/** Prints a run of the producer: results on stdout, what went wrong on stderr. */
export class ProduceReport implements ProduceObserver {
  readonly #options: ProduceReportOptions;

  /**
   * Makes the report.
   *
   * @param options What is sent where, and how much of it is printed.
   */
  constructor(options: ProduceReportOptions) {
    this.#options = options;
  }

  /** Prints the opening lines. */
  starting(): void {
    const { topic, file, count, json } = this.#options;
    if (json) return;
    const name = file === "-" ? "standard input" : `'${file}'`;
    printLine("Starting Cafe Event Producer with Schema Registry...");
    printLine(
      file === undefined
        ? `Generating and sending ${count} random customer events to topic '${topic}'...`
        : `Sending the customer events of ${name} to topic '${topic}'...`,
    );
    printLine();
  }

  /** Prints an order that is about to be sent. */
  sending(number: number, event: CustomerEvent): void {
    const { json, quiet } = this.#options;
    if (!json && !quiet) printLine(describeSending(number, event));
  }

  /** Prints where an order is. */
  delivered(record: EventRecord): void {
    const { json, quiet } = this.#options;
    if (json) printLine(toJsonLine(record));
    else if (!quiet) printLine(describeDelivery(record));
  }

  /** Prints an order that was given up. */
  failed(event: CustomerEvent, error: Error): void {
    console.error(
      `Not delivered: order ${printable(event.event_id)}: ${messageOf(error)}`,
    );
  }

  /** Prints why a line, or whatever else the source numbers, is no valid order. */
  invalid(number: number, error: InvalidEventError): void {
    const what = this.#options.file === undefined ? "Event" : "Line";
    console.error(
      `${what} ${number} was not sent: ${printable(error.message)}`,
    );
  }

  /** Prints that what is under way is waited for. */
  flushing(): void {
    if (!this.#options.json) printLine("Flushing remaining messages...");
  }

  /** Prints the account. */
  done({ delivered, failed, invalid }: ProduceSummary): void {
    if (failed + invalid > 0) {
      console.error(
        `Not everything was sent: ${delivered} delivered, ${failed} not delivered, ${invalid} not valid.`,
      );
    } else if (!this.#options.json) {
      printLine("All messages sent successfully!");
    }
  }
}
