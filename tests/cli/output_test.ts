/**
 * Whole lines on standard output, and what happens when nobody takes them.
 *
 * @module
 */

import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { OutputClosedError, printLine } from "../../lib/cli/output.ts";
import { HandlerStop } from "../../lib/base/errors.ts";
import { captureOutput } from "../support/captured_output.ts";

Deno.test("printLine() writes the whole line when standard output takes a part at a time", () => {
  const text = "é☕𝄞".repeat(1_000);
  assertEquals(captureOutput(() => printLine(text)).stdout, `${text}\n`);
  assertEquals(captureOutput(() => printLine()).stdout, "\n");
});

/** Prints to an output that fails. */
function printTo(failure: Error): void {
  captureOutput(() => {
    Deno.stdout.writeSync = () => {
      throw failure;
    };
    printLine("text");
  });
}

Deno.test("printLine() throws OutputClosedError when the reader has gone", () => {
  const cause = new Deno.errors.BrokenPipe("Broken pipe");
  const error = assertThrows(() => printTo(cause), OutputClosedError);
  assertEquals(error.message, "Nobody reads the output any more");
  assertEquals(error.cause, cause);
});

Deno.test("printLine() throws HandlerStop when the output can't be written", () => {
  const cause = new Error("No space left on device");
  const error = assertThrows(() => printTo(cause), HandlerStop);
  assertEquals(
    error.message,
    "Can't write the output: No space left on device",
  );
  assertInstanceOf(error, HandlerStop);
  assertEquals(error instanceof OutputClosedError, false);
});
