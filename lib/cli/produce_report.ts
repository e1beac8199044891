/**
 * What `deno task produce` prints.
 *
 * @module
 */

import { type InvalidEventError, messageOf } from "../base/errors.ts";
import { toJsonLine } from "../events/record_json.ts";
import { counted } from "../base/plural.ts";
import { printable } from "../base/terminal_text.ts";
import type { EventRecord } from "../events/record.ts";
import type { ProduceObserver } from "../produce/produce.ts";
import { type FileFormat, RECORD_NAME } from "../produce/sources/format.ts";
import type { FilePlace } from "../produce/sources/record.ts";
import { describeAccount, listOf } from "./account.ts";
import type { EventText } from "./event_text.ts";
import {
  errors,
  note,
  noteAlways,
  output,
  OutputClosedError,
  printLine,
} from "./output.ts";
import { Progress } from "./progress.ts";
import { describeDelivery } from "./record_text.ts";

/** How many events are named that are not valid, where a file keeps them all. */
const MAX_NOTED_COUNT = 10;

/** What is sent where, and how much of it is printed. */
export interface ProduceReportOptions {
  readonly topic: string;
  readonly text: EventText<unknown>;
  readonly count: number;
  /** The file that they come from instead; `-` is standard input. */
  readonly file?: string | undefined;
  /** The file's format. By default: `"ndjson"`. */
  readonly format?: FileFormat | undefined;
  readonly rejects?: string | undefined;
  readonly dryRun?: boolean;
  readonly json: boolean;
  readonly quiet: boolean;
  /** Tells which part of the file has been read, from 0 to 1; undefined if its size is not known. */
  readonly share?: (() => number | undefined) | undefined;
}

/** Prints a run of the producer: results on stdout, what went wrong and the account on stderr. */
export class ProduceReport implements ProduceObserver<unknown> {
  readonly #options: ProduceReportOptions;
  #startedAt = Date.now();
  #sent = 0;
  #delivered = 0;
  #failed = 0;
  #invalid = 0;
  /** Whether the broker was asked to acknowledge: not with acks 0. */
  #acknowledged = true;
  #progress: Progress | undefined;
  /** Which part of the file an earlier run has sent. */
  #startShare: number | undefined;

  constructor(options: ProduceReportOptions) {
    this.#options = options;
  }

  starting(start?: FilePlace): void {
    const { topic, file, format = "ndjson", count, text, dryRun } =
      this.#options;
    const name = file === "-" ? "standard input" : `'${printable(file ?? "")}'`;
    this.#say("Starting Cafe Event Producer with Schema Registry...");
    const to = dryRun ? "" : ` to topic '${topic}'`;
    this.#say(
      file === undefined
        ? `Generating and ${dryRun ? "checking" : "sending"} ${
          counted(count, `random ${text.noun}`)
        }${to}...`
        : `${
          dryRun ? "Checking" : "Sending"
        } the ${text.noun}s of ${name}${to}...`,
    );
    if (start && start.line > 0) {
      this.#say(
        `Continuing after ${
          RECORD_NAME[format]
        } ${start.line}, where the last run stopped.`,
      );
    }
    this.#say();
  }

  sending(number: number, event: unknown): void {
    if (!this.begun) this.#begin();
    this.#sent++;
    if (this.#options.dryRun) this.#delivered++;
    const { json, quiet, text } = this.#options;
    if (json || quiet) return;
    printLine(`Event ${number}: ${text.sending(event)}`);
  }

  /** Begins to count the time: connecting is not part of the rate. */
  #begin(): void {
    this.#startedAt = Date.now();
    const { json, quiet } = this.#options;
    // Lines for each event show more, where they are seen.
    if (errors.isTerminal && output.isTerminal && !json && !quiet) return;
    this.#startShare = this.#share;
    this.#progress = new Progress(() => ({
      done: this.#done,
      count: this.#delivered,
      startedAt: this.#startedAt,
      share: this.#share,
      startShare: this.#startShare,
    }));
  }

  get #done(): string {
    if (this.#options.dryRun) return "Found valid";
    return this.#acknowledged ? "Delivered" : "Sent";
  }

  get #share(): number | undefined {
    const { file, count, share } = this.#options;
    return file === undefined ? this.#ended / count : share?.();
  }

  /** Waits while the reader of the output is behind. Without a reader, events are sent all the same. */
  ready(): Promise<void> | undefined {
    const behind = [output, errors].find(({ full }) => full);
    return behind?.written().catch(() => {});
  }

  delivered(record: EventRecord<unknown>): void {
    const { json, quiet } = this.#options;
    this.#delivered++;
    if (record.offset === "-1") this.#acknowledged = false;
    if (json) printLine(toJsonLine(record));
    else if (!quiet) printLine(describeDelivery(record));
  }

  failed(event: unknown, error: Error): void {
    this.#failed++;
    noteAlways(
      `Not delivered: ${this.#options.text.name(event)}: ${
        printable(messageOf(error))
      }`,
    );
  }

  /** Prints why a line, or whatever else the source numbers, is not a valid event. */
  invalid(number: number, error: InvalidEventError): void {
    if (!this.begun) this.#begin();
    this.#invalid++;
    const { file, format = "ndjson", rejects } = this.#options;
    if (rejects !== undefined && this.#invalid > MAX_NOTED_COUNT) return;
    const what = file === undefined
      ? "Event"
      : capitalized(RECORD_NAME[format]);
    noteAlways(`${what} ${number} was not sent: ${printable(error.message)}`);
    if (rejects !== undefined && this.#invalid === MAX_NOTED_COUNT) {
      note(`What else is rejected is kept in ${printable(rejects)} only.`);
    }
  }

  flushing(): void {
    this.#progress?.end();
    if (this.#sent > 0 && !this.#options.quiet) this.#say();
    this.#say("Flushing remaining messages...");
  }

  /** Whether an event was taken from the source. A failure before that needs no account. */
  get begun(): boolean {
    return this.#sent + this.#invalid > 0;
  }

  get #ended(): number {
    return this.#delivered + this.#failed + this.#invalid;
  }

  /**
   * Prints the closing line.
   *
   * @param complete Whether the source was read to its end.
   */
  async done(complete: boolean): Promise<void> {
    this.#progress?.end();
    if (this.#isAll(complete)) {
      this.#say(
        this.#ended === 0
          ? "No events to send."
          : this.#options.dryRun
          ? "All events are valid. Nothing was sent."
          : "All messages sent successfully!",
      );
    }
    await output.written().catch(() => {});
  }

  /** Prints the account: if something is missing, and else if a person may want it. */
  account(complete: boolean): void {
    this.#progress?.end();
    const { file, count, quiet, dryRun, rejects } = this.#options;
    if (this.#isAll(complete) && !quiet && !errors.isTerminal) return;
    const allRead = this.#isAllRead(complete);
    errors.print(describeAccount({
      done: this.#done,
      count: this.#delivered,
      of: file === undefined ? count : allRead ? this.#ended : undefined,
      tookMs: Date.now() - this.#startedAt,
      rest: [
        ...listOf([
          [this.#failed, "not delivered"],
          [this.#invalid, "not valid"],
        ]),
        ...(allRead ? [] : ["stopped before the rest"]),
        ...(rejects !== undefined && this.#invalid > 0
          ? [`what is rejected is kept in ${printable(rejects)}`]
          : []),
        ...(dryRun ? ["nothing was sent"] : []),
      ],
    }));
  }

  #isAllRead(complete: boolean): boolean {
    const { file, count } = this.#options;
    return complete || file === undefined && this.#ended === count;
  }

  #isAll(complete: boolean): boolean {
    return this.#isAllRead(complete) && this.#delivered === this.#ended;
  }

  /** Whether the output can't be written, and not because nothing reads it. Sending ends then. */
  get broken(): boolean {
    const { failure } = output;
    return failure !== undefined && !(failure instanceof OutputClosedError);
  }

  #say(text?: string): void {
    if (!this.#options.json) printLine(text);
  }
}

function capitalized(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
