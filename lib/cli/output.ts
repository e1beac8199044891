/**
 * Standard output, one whole line at a time.
 *
 * @module
 */

import { HandlerStop, messageOf } from "../base/errors.ts";

/** Whoever read the output has gone (`| head`): there is nobody left to work for, and nothing went wrong. */
export class OutputClosedError extends HandlerStop {
  /** The class's name, in stack traces. */
  override name = "OutputClosedError";
}

const encoder = new TextEncoder();

/**
 * Writes lines to standard output. When it returns, they are out: an order that is shown has been shown.
 *
 * @param text The text, without the last line break.
 * @throws {OutputClosedError} If whoever read the output has gone.
 * @throws {HandlerStop} If it can't be written: a full disk, as a rule.
 */
export function printLine(text = ""): void {
  const bytes = encoder.encode(`${text}\n`);
  try {
    for (let at = 0; at < bytes.length;) {
      at += Deno.stdout.writeSync(bytes.subarray(at));
    }
  } catch (cause) {
    if (cause instanceof Deno.errors.BrokenPipe) {
      throw new OutputClosedError("Nobody reads the output any more", {
        cause,
      });
    }
    throw new HandlerStop(`Can't write the output: ${messageOf(cause)}`, {
      cause,
    });
  }
}
