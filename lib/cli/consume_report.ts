/**
 * What `deno task consume` prints.
 *
 * @module
 */

import { InvalidEventError, messageOf } from "../base/errors.ts";
import type { EventHandler } from "../consume/handler.ts";
import type {
  MessageCounts,
  MessageObserver,
} from "../consume/message_reader.ts";
import { note, output, printLine } from "./output.ts";
import { placeOf } from "../events/record.ts";
import type { EventText } from "./event_text.ts";
import { describeRecord, toJsonLine } from "./record_text.ts";
import { printable } from "../base/terminal_text.ts";

/** What is consumed, and how much of it is printed. */
export interface ConsumeReportOptions {
  /** The topic. */
  readonly topic: string;
  /** How the events are written. */
  readonly text: EventText<unknown>;
  /** The consumer group. */
  readonly group: string;
  /** Print JSON and nothing else. */
  readonly json: boolean;
  /** Leave out the lines for each event. */
  readonly quiet: boolean;
}

/** Prints a run of the consumer: events on stdout, what went wrong on stderr. */
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
    printLine("=".repeat(80));
  }

  /** Prints one event. */
  readonly consumed: EventHandler<unknown> = (record) => {
    const { json, quiet, text } = this.#options;
    if (json) printLine(toJsonLine(record));
    else if (!quiet) printLine(describeRecord(++this.#shown, record, text));
    return output.full ? output.written() : undefined;
  };

  /** Prints which message was set aside, why, and where it is kept. */
  readonly setAside: NonNullable<MessageObserver["setAside"]> = (
    { error, letter, ...origin },
  ) => {
    const verb = error instanceof InvalidEventError ? "read" : "process";
    note(
      `Can't ${verb} message ${placeOf(origin)}: ${
        printable(messageOf(error))
      }\n  It is kept: ${placeOf(letter)}`,
    );
  };

  /** Prints a message that deletes its key. */
  readonly tombstone: NonNullable<MessageObserver["tombstone"]> = (
    position,
    key,
  ) => {
    const name = key === null ? "no key" : `key ${printable(key)}`;
    note(`Tombstone: ${placeOf(position)} (${name})`);
  };

  /** Prints that the consumer is about to stop. */
  readonly stopping = (): void => {
    if (this.#options.json) return;
    printLine("Shutting down consumer...");
    printLine("Closing consumer...");
  };

  /** Prints the account. */
  closed({ consumed }: Pick<MessageCounts, "consumed">): void {
    if (!this.#options.json) {
      printLine(`Consumer closed. Total messages consumed: ${consumed}`);
    }
  }
}
