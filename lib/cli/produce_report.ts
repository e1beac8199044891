/**
 * What `deno task produce` prints.
 *
 * @module
 */

import { type InvalidEventError, messageOf } from "../base/errors.ts";
import {
  errors,
  note,
  output,
  OutputClosedError,
  printLine,
} from "./output.ts";
import type { ProduceObserver, ProduceSummary } from "../produce/produce.ts";
import type { EventRecord } from "../events/record.ts";
import type { EventText } from "./event_text.ts";
import { describeDelivery, toJsonLine } from "./record_text.ts";
import { printable } from "../base/terminal_text.ts";
import type { FilePlace } from "../produce/sources/lines.ts";

/** What is sent where, and how much of it is printed. */
export interface ProduceReportOptions {
  /** The topic. */
  readonly topic: string;
  /** How the events are written. */
  readonly text: EventText<unknown>;
  /** How many events are generated. */
  readonly count: number;
  /** The file that they come from instead; `-` is standard input. */
  readonly file?: string | undefined;
  /** Print JSON and nothing else. */
  readonly json: boolean;
  /** Leave out the lines for each event. */
  readonly quiet: boolean;
}

/** Prints a run of the producer: results on stdout, what went wrong on stderr. */
export class ProduceReport implements ProduceObserver<unknown> {
  readonly #options: ProduceReportOptions;

  /**
   * Makes the report.
   *
   * @param options What is sent where, and how much of it is printed.
   */
  constructor(options: ProduceReportOptions) {
    this.#options = options;
  }

  /**
   * Prints the opening lines.
   *
   * @param start The place in the file where this run begins.
   */
  starting(start?: FilePlace): void {
    const { topic, file, count, text } = this.#options;
    const name = file === "-" ? "standard input" : `'${printable(file ?? "")}'`;
    this.#say("Starting Cafe Event Producer with Schema Registry...");
    this.#say(
      file === undefined
        ? `Generating and sending ${count} random ${text.plural} to topic '${topic}'...`
        : `Sending the ${text.plural} of ${name} to topic '${topic}'...`,
    );
    if (start && start.line > 0) {
      this.#say(
        `Going on behind line ${start.line}, where the last run stopped.`,
      );
    }
    this.#say();
  }

  /** Prints an event that is about to be sent. */
  sending(number: number, event: unknown): void {
    if (this.#options.quiet) return;
    this.#say(() => `Event ${number}: ${this.#options.text.sending(event)}`);
  }

  /** Prints where an event is. */
  delivered(record: EventRecord<unknown>): void {
    const { json, quiet } = this.#options;
    if (json) this.#print(() => toJsonLine(record));
    else if (!quiet) this.#say(() => describeDelivery(record));
  }

  /** Prints an event that was given up. */
  failed(event: unknown, error: Error): void {
    note(
      `Not delivered: ${this.#options.text.name(event)}: ${messageOf(error)}`,
    );
  }

  /** Prints why a line, or whatever else the source numbers, is not a valid event. */
  invalid(number: number, error: InvalidEventError): void {
    const what = this.#options.file === undefined ? "Event" : "Line";
    note(
      `${what} ${number} was not sent: ${printable(error.message)}`,
    );
  }

  /** Prints that the source has ended. */
  flushing(): void {
    this.#say("Flushing remaining messages...");
  }

  /** Prints the account. */
  done({ delivered, failed, invalid }: ProduceSummary): void {
    const unprinted = this.failure;
    if (unprinted !== undefined) errors.print(unprinted);
    if (failed + invalid > 0 || unprinted !== undefined) {
      errors.print(
        `Not everything was ${
          failed + invalid > 0 ? "sent" : "printed"
        }: ${delivered} delivered, ${failed} not delivered, ${invalid} not valid.`,
      );
    } else {
      this.#say("All messages sent successfully!");
    }
  }

  /** Prints a line for a person. */
  #say(text: string | (() => string) = ""): void {
    if (!this.#options.json) this.#print(text);
  }

  /** Why the output can't be written; nothing where it can, or where nobody reads it. */
  get failure(): string | undefined {
    const { failure } = output;
    return failure instanceof OutputClosedError ? undefined : failure?.message;
  }

  /** Whether the output can't be written, and not because nobody reads it. */
  get broken(): boolean {
    return this.failure !== undefined;
  }

  /** Waits while the reader is behind. Without a reader, events are sent all the same, and every one is accounted for. */
  ready(): Promise<void> | undefined {
    return output.full ? output.written().catch(() => {}) : undefined;
  }

  /** Prints a line; it is not made where nothing reads it. */
  #print(text: string | (() => string)): void {
    if (output.failure) return;
    printLine(typeof text === "string" ? text : text());
  }
}
