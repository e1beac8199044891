/**
 * Progress of a download, for a person at a terminal and for a log.
 *
 * @module
 */

/** Shows how far a download is, on standard error. */
export interface Progress {
  /** Takes the newest numbers; shows them when it is time. */
  update(text: string): void;
  /** Leaves the terminal on a fresh line. */
  end(): void;
}

const LIVE_INTERVAL = 200;
const LOG_INTERVAL = 5_000;

/**
 * Makes a progress line: rewritten in place on a terminal, a plain line now and then elsewhere.
 *
 * @param stream Where it goes: standard error.
 * @returns The progress line.
 */
export function progressLine(
  stream: { isTerminal(): boolean; writeSync(bytes: Uint8Array): number } =
    Deno.stderr,
): Progress {
  const live = stream.isTerminal();
  const write = (text: string) =>
    stream.writeSync(new TextEncoder().encode(text));
  let last = live ? 0 : Date.now();
  let shown = 0;
  return {
    update(text) {
      if (Date.now() - last < (live ? LIVE_INTERVAL : LOG_INTERVAL)) return;
      last = Date.now();
      write(live ? `\r${text.padEnd(shown)}` : `${text}\n`);
      shown = text.length;
    },
    end() {
      if (live && shown > 0) write("\n");
    },
  };
}
