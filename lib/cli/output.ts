/**
 * Standard output and standard error, written without holding up the event loop.
 *
 * A reader that stops reading blocks every write to its pipe or terminal. So text is queued and written in the background. A slow
 * reader slows the work down, which waits while the queue is {@linkcode Output.full}. A stop drops what the reader doesn't take:
 * {@linkcode Output.hurry}.
 *
 * @module
 */

import { HandlerStop, messageOf } from "../base/errors.ts";
import { counted } from "../base/plural.ts";
import { escapeLines, escapeUnsafe } from "../base/terminal_text.ts";
import { pause, within } from "../base/pause.ts";

/** The output can't be written: the disk is full, for example. */
export class OutputError extends HandlerStop {}

/** The output has no reader any more (`| head`): there is nothing left to do, and nothing went wrong. */
export class OutputClosedError extends OutputError {}

/** The reader of the output has stopped reading, and a stop could not wait for it any longer. */
export class OutputStalledError extends OutputClosedError {}

/** Where text goes: standard output or standard error. */
export interface OutputSink {
  /** Writes some of the bytes. Returns how many were written. */
  write(bytes: Uint8Array): Promise<number>;
  isTerminal(): boolean;
}

/** How much text may wait before {@linkcode Output.full} is true, in UTF-16 units. */
const HIGH_WATER_UNITS = 65_536;
/** How long the reader has after a stop, in milliseconds: a stop takes at most 10 s. */
const STOP_MS = 4_000;
/**
 * How long the last text may take after a stop, in milliseconds, and in how many waits: where the machine is so busy that this program
 * hardly runs, each takes longer, as the write itself does.
 */
const [LAST_MS, WAITS_COUNT] = [1_000, 20];
const RETRY_MS = 10;

const CLEAR_LINE = "\r\x1b[K";
const DEFAULT_COLUMNS = 80;

const encoder = new TextEncoder();

function columnsOf(): number {
  try {
    return Deno.consoleSize().columns || DEFAULT_COLUMNS;
  } catch {
    return DEFAULT_COLUMNS;
  }
}

/** Writes lines in the background. What is printed while a write is under way is written by the next one. */
export class Output {
  readonly #sink: OutputSink;
  /** Whether it is a terminal. A terminal that was closed later would not say so any more. */
  readonly isTerminal: boolean;
  /** What the next write takes. */
  #text = "";
  /** Fulfilled when everything that was printed so far is written. */
  #written = Promise.resolve();
  /** Ends the wait for the write under way. */
  #abandon: (failure: OutputError) => void = () => {};
  #failure: OutputError | undefined;
  #hurried = false;
  /** Another output, which may be the same terminal. */
  readonly #beside: Output | undefined;
  /** Whether the terminal's last line is one of {@linkcode Output.showStatus}. */
  #hasStatus = false;

  /** @param beside Another output. Where both are terminals, its status is replaced by what is printed here. */
  constructor(sink: OutputSink, beside?: Output) {
    this.#sink = sink;
    this.isTerminal = sink.isTerminal();
    this.#beside = this.isTerminal ? beside : undefined;
  }

  /** Why nothing can be written any more; undefined while it can. */
  get failure(): OutputError | undefined {
    return this.#failure;
  }

  /** Prints lines, with control characters other than line breaks escaped. It never throws: after a failure, the text is dropped. */
  print(text = ""): void {
    this.#put(`${escapeLines(text)}\n`);
  }

  /**
   * Shows a line on a terminal, cut to its width, until something else is printed or shown. It is nothing on any other output, or if
   * the reader is behind.
   */
  showStatus(text: string): void {
    if (!this.isTerminal || this.full) return;
    if (text === "" && !this.#hasStatus) return;
    this.#put(escapeUnsafe(text.slice(0, columnsOf() - 1)));
    this.#hasStatus = text !== "";
  }

  /** Determines whether there is a status to be cleared, here or beside. It counts as cleared then. */
  #takeStatus(): boolean {
    const beside = this.#beside ? this.#beside.#takeStatus() : false;
    const has = this.#hasStatus;
    this.#hasStatus = false;
    return has || beside;
  }

  /** Adds text to what is written, in place of the status. */
  #put(text: string): void {
    if (this.#failure) return;
    const isFirst = this.#text === "";
    this.#text += (this.#takeStatus() ? CLEAR_LINE : "") + text;
    if (!isFirst) return;
    this.#written = this.#written.then(() => this.#write());
    // Callers that don't wait for it see the failure at their next wait.
    this.#written.catch(() => {});
  }

  /** Whether so much text is waiting that the caller should wait for {@linkcode Output.written}. */
  get full(): boolean {
    return this.#text.length >= HIGH_WATER_UNITS;
  }

  /**
   * Waits until the system has taken everything that was printed so far.
   *
   * @throws {OutputClosedError} If the reader has gone.
   * @throws {OutputError} If it can't be written.
   */
  async written(): Promise<void> {
    if (this.#failure) throw this.#failure;
    await this.#written;
  }

  /** Gives the reader a limited time, as the program is about to stop: what isn't read by then is dropped. */
  hurry(): void {
    this.#hurried = true;
    pause(STOP_MS - LAST_MS).then(() => this.#giveUp());
  }

  /** Waits for the reader before the program ends; after {@linkcode Output.hurry} not for long. */
  async end(): Promise<void> {
    if (this.#hurried) await this.#giveUp();
    else await this.written().catch(() => {});
  }

  /** Drops what isn't written in time, and everything after it. */
  async #giveUp(): Promise<void> {
    const written = this.written().catch(() => {});
    const late = () =>
      new OutputStalledError("The reader of the output has stopped reading");
    for (let waits = 1;; waits++) {
      try {
        return await within(written, {
          timeoutMs: LAST_MS / WAITS_COUNT,
          late,
        });
      } catch (failure) {
        if (waits === WAITS_COUNT) return this.#fail(failure as OutputError);
      }
    }
  }

  /** Writes what was printed until now: in one go, and during the write before. */
  async #write(): Promise<void> {
    const bytes = encoder.encode(this.#text);
    this.#text = "";
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#abandon = reject;
    this.#writeAll(bytes)
      .then(resolve, (error) => this.#fail(this.#explain(error)));
    await promise;
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      try {
        at += await this.#sink.write(bytes.subarray(at));
      } catch (error) {
        // Another process that has the pipe or terminal open can make it non-blocking.
        if (!(error instanceof Deno.errors.WouldBlock)) throw error;
        await pause(RETRY_MS);
      }
    }
  }

  #explain(cause: unknown): OutputError {
    const closed = cause instanceof Deno.errors.BrokenPipe ||
      this.isTerminal && cause instanceof Error && "code" in cause &&
        cause.code === "EIO";
    return closed
      ? new OutputClosedError("The reader of the output has gone", { cause })
      : new OutputError(`Can't write the output: ${messageOf(cause)}`, {
        cause,
      });
  }

  #fail(failure: OutputError): void {
    this.#failure ??= failure;
    this.#abandon(this.#failure);
    this.#text = "";
  }
}

/** Standard error: accounts and errors; and, through {@linkcode note}, progress and warnings. */
export const errors = new Output(Deno.stderr);
/** Standard output: results. */
export const output = new Output(Deno.stdout, errors);

let timestamps = !errors.isTerminal;
let leftOut = 0;

/** Puts the time before each {@linkcode note} on a terminal too. */
export function useTimestamps(): void {
  timestamps = true;
}

/**
 * Prints progress or a warning on standard error, with the time unless it is a terminal. Left out, and counted, while the reader of
 * standard error has stopped reading.
 */
export function note(text: string): void {
  if (errors.full) leftOut++;
  else noteAlways(text);
}

/** Prints what must not be left out, as {@linkcode note} does otherwise. The caller waits while standard error is full. */
export function noteAlways(text: string): void {
  const time = timestamps ? `${new Date().toISOString()} ` : "";
  if (leftOut > 0) {
    errors.print(`${time}Left out: ${counted(leftOut, "message")}`);
  }
  leftOut = 0;
  errors.print(`${time}${text}`);
}

/** Prints lines on standard output. */
export function printLine(text?: string): void {
  output.print(text);
}
