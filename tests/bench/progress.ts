/**
 * How far a benchmark is: a bar on a terminal, a line for each run elsewhere.
 *
 * @module
 */

/** What progress is written to. */
export interface ProgressStream {
  /** Whether a person watches. */
  isTerminal(): boolean;
  /** Writes bytes, and says how many it has written. */
  writeSync(bytes: Uint8Array): number;
}

const BAR_WIDTH = 24;
/** Ends a line that is written over a longer one. */
const CLEAR_TO_END = "\x1b[K";

/** Shows how far a benchmark is. */
export class BenchProgress {
  readonly #total: number;
  readonly #stream: ProgressStream;
  readonly #live: boolean;
  #done = 0;

  /**
   * Makes the display.
   *
   * @param total How many runs there will be.
   * @param stream Where it goes.
   */
  constructor(total: number, stream: ProgressStream = Deno.stderr) {
    this.#total = total;
    this.#stream = stream;
    this.#live = stream.isTerminal();
  }

  /**
   * Shows a run that begins.
   *
   * @param what What is run.
   */
  begin(what: string): void {
    if (!this.#live) return;
    const filled = Math.floor(this.#done / this.#total * BAR_WIDTH);
    const bar = "█".repeat(filled).padEnd(BAR_WIDTH, "░");
    this.#write(
      `\r${bar} ${this.#done}/${this.#total} ${what}${CLEAR_TO_END}`,
    );
  }

  /**
   * Shows a run that has ended.
   *
   * @param what What was run, and what came of it.
   */
  end(what: string): void {
    this.#done++;
    if (!this.#live) this.#write(`[${this.#done}/${this.#total}] ${what}\n`);
  }

  /**
   * Shows a line that stays.
   *
   * @param line The line.
   */
  tell(line: string): void {
    this.#write(this.#live ? `\r${line}${CLEAR_TO_END}\n` : `${line}\n`);
  }

  /** Leaves the terminal on a fresh line. */
  close(): void {
    if (this.#live) this.#write(`\r${CLEAR_TO_END}`);
  }

  #write(text: string): void {
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length;) {
      at += this.#stream.writeSync(bytes.subarray(at));
    }
  }
}
