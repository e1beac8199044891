/**
 * What the tasks print that are members of a consumer group, whatever they do with the events.
 *
 * @module
 */

import { InvalidEventError, messageOf } from "../base/errors.ts";
import { plural } from "../base/plural.ts";
import { printable } from "../base/terminal_text.ts";
import type { MessageObserver, SetAside } from "../consume/message_reader.ts";
import { placeOf } from "../events/record.ts";
import { describeAccount, listOf } from "./account.ts";
import { errors, note, output, printLine } from "./output.ts";

/** What is consumed, and how much of it is printed. */
export interface MemberReportOptions {
  readonly topic: string;
  readonly group: string;
  /** How many events to consume; undefined for no limit. */
  readonly count?: number | undefined;
  /** Print JSON and nothing else. By default: `false`. */
  readonly json?: boolean;
  /** Leave out the lines for each event. */
  readonly quiet: boolean;
}

type Words = Readonly<
  Record<"name" | "listening" | "done" | "total", string>
>;

/** Writes which message was set aside, why, and where it is kept. */
export function describeSetAside(
  { error, letter, ...origin }: SetAside,
): string {
  const verb = error instanceof InvalidEventError ? "read" : "process";
  return `Can't ${verb} message ${placeOf(origin)}: ${
    printable(messageOf(error))
  }\n  It is kept: ${placeOf(letter)}`;
}

/** Prints a member's run: its opening and closing lines on stdout, what went wrong and the account on stderr. */
export class MemberReport<O extends MemberReportOptions> {
  /** How many events were taken, and to how many the work was done: one that is there already needs none. */
  protected taken = 0;
  protected done = 0;
  /** When it began to listen; undefined if it did not yet. */
  protected listeningSince: number | undefined;
  protected isStopping = false;
  protected progress: { end(): void } | undefined;
  protected readonly options: O;
  readonly #words: Words;
  #deadLetters = 0;
  #tombstones = 0;
  /** The partitions that the group has assigned, as text. */
  #partitions = "";

  constructor(options: O, words: Words) {
    this.options = options;
    this.#words = words;
  }

  /** Does the work, and prints the lines around it. A failure before it listens needs no account. */
  async around(work: () => Promise<unknown>): Promise<void> {
    this.starting();
    let failed = true;
    try {
      await work();
      failed = false;
    } finally {
      if (this.listeningSince !== undefined || !failed) {
        await this.closed();
        this.account(failed);
      }
    }
  }

  starting(): void {
    const { name } = this.#words;
    this.say(`Starting Cafe Event ${name} with Schema Registry...`);
  }

  /** Prints the rest of the opening lines, and later the partitions that the group has assigned instead. */
  readonly assigned = (partitions: readonly number[]): void => {
    const before = this.#partitions;
    this.#partitions = partitions.join(", ");
    if (this.listeningSince === undefined) {
      this.listeningSince = Date.now();
      this.say(`${this.#words.listening}\nPress Ctrl+C to stop\n`);
      this.begin();
    } else if (partitions.length > 0 && this.#partitions !== before) {
      note(
        `Assigned partitions of '${this.options.topic}': ${this.#partitions}`,
      );
    }
  };

  readonly setAside: NonNullable<MessageObserver["setAside"]> = (
    message,
  ) => {
    this.#deadLetters++;
    note(describeSetAside(message));
  };

  readonly tombstone: NonNullable<MessageObserver["tombstone"]> = (
    position,
    key,
  ) => {
    this.#tombstones++;
    const name = key === null ? "no key" : `key ${printable(key)}`;
    note(`Tombstone: ${placeOf(position)} (${name})`);
  };

  /** Called when the opening lines are printed. */
  protected begin(): void {}

  readonly stopping = (): void => {
    if (this.isStopping) return;
    this.isStopping = true;
    this.progress?.end();
    const name = this.#words.name.toLowerCase();
    this.say(`Shutting down ${name}...\nClosing ${name}...`);
  };

  /** Prints the closing lines. Returns when the output has taken them, or can't any more. */
  async closed(): Promise<void> {
    const { name, total } = this.#words;
    this.stopping();
    this.say(`${name} closed. Total ${total}: ${this.done}`);
    await output.written().catch(() => {});
  }

  /** Prints the account: if something is missing, and else if a person may want it. */
  account(failed: boolean, rest: readonly string[] = []): void {
    const { count, quiet } = this.options;
    const short = failed || count !== undefined && this.taken < count;
    const complete = !short && this.#deadLetters === 0;
    if (complete && !quiet && !errors.isTerminal) return;
    errors.print(describeAccount({
      done: this.#words.done,
      count: this.done,
      of: count && Math.max(count, this.done),
      tookMs: Date.now() - (this.listeningSince ?? Date.now()),
      rest: [
        ...listOf([[this.taken - this.done, "were there already"]]),
        ...listOf([
          [this.#deadLetters, plural(this.#deadLetters, "dead letter")],
          [this.#tombstones, plural(this.#tombstones, "tombstone")],
        ]).map((list) => `set aside: ${list}`),
        ...(short ? ["stopped before the rest"] : []),
        ...rest,
      ],
    }));
  }

  protected say(text: string): void {
    if (!this.options.json) printLine(text);
  }
}
