/**
 * Progress of a download, for a person at a terminal and for a log.
 *
 * @module
 */

/** Shows how far a download is, on standard error. */
export interface Progress {
  /** Takes the newest numbers, and shows them if the last ones are old enough. */
  update(text: string): void;
  /** Leaves the terminal on a fresh line. */
  end(): void;
}

const TERMINAL_INTERVAL_MS = 200;
const LOG_INTERVAL_MS = 5_000;

/**
 * Makes a progress line: rewritten in place on a terminal, a plain line now and then elsewhere.
 *
 * @param stream The stream to write to, standard error by default.
 */
export function progressLine(
  stream: { isTerminal(): boolean; writeSync(bytes: Uint8Array): number } =
    Deno.stderr,
): Progress {
  const live = stream.isTerminal();
  const write = (text: string) =>
    stream.writeSync(new TextEncoder().encode(text));
  let lastAt = live ? 0 : Date.now();
  let shownLength = 0;
  return {
    update(text) {
      const intervalMs = live ? TERMINAL_INTERVAL_MS : LOG_INTERVAL_MS;
      if (Date.now() - lastAt < intervalMs) return;
      lastAt = Date.now();
      write(live ? `\r${text.padEnd(shownLength)}` : `${text}\n`);
      shownLength = text.length;
    },
    end() {
      if (live && shownLength > 0) write("\n");
    },
  };
}
