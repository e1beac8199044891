/**
 * Lines on standard output and standard error, and what happens when nobody takes them.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
} from "@std/assert";
import {
  note,
  Output,
  OutputClosedError,
  OutputError,
  type OutputSink,
  printLine,
} from "../../lib/cli/output.ts";
import { HandlerStop } from "../../lib/base/errors.ts";
import { captureOutput } from "../support/captured_output.ts";

/** An output that takes each write when the test says so, and keeps what was written. */
class ManualSink implements OutputSink {
  readonly writes: string[] = [];
  readonly #terminal: boolean;
  #taken = Promise.withResolvers<void>();

  constructor({ terminal = false } = {}) {
    this.#terminal = terminal;
  }

  isTerminal() {
    return this.#terminal;
  }

  async write(bytes: Uint8Array): Promise<number> {
    this.writes.push(new TextDecoder().decode(bytes));
    await this.#taken.promise;
    return bytes.length;
  }

  /** Takes the write under way. */
  take() {
    this.#taken.resolve();
    this.#taken = Promise.withResolvers();
  }

  /** Lets the write under way fail. */
  fail(error: Error) {
    this.#taken.reject(error);
    this.#taken = Promise.withResolvers();
  }
}

/** Whether a promise has been fulfilled by now. */
async function isDone(promise: Promise<unknown>): Promise<boolean> {
  let done = false;
  promise.then(() => done = true, () => {});
  await new Promise((resolve) => setTimeout(resolve, 0));
  return done;
}

Deno.test("printLine() writes the whole line when standard output takes a part at a time", async () => {
  const text = "é☕𝄞".repeat(1_000);
  assertEquals(
    (await captureOutput(() => printLine(text))).stdout,
    `${text}\n`,
  );
  assertEquals((await captureOutput(() => printLine())).stdout, "\n");
});

Deno.test("Output.print() escapes what may not reach a terminal, and keeps line breaks", async () => {
  const { stdout } = await captureOutput(() =>
    printLine("a\n\tb\r\x1b[2J\x9b\u202e\u2028\ud800é")
  );
  assertEquals(
    stdout,
    "a\n\\u0009b\\u000d\\u001b[2J\\u009b\\u202e\\u2028\\ud800é\n",
  );
});

Deno.test("Output.print() puts what is printed during a write into the next one", async () => {
  const sink = new ManualSink();
  const output = new Output(sink);
  output.print("1");
  output.print("2");
  const first = output.written();
  assertEquals(await isDone(first), false);
  output.print("3");
  output.print("4");
  const second = output.written();
  assertEquals(sink.writes, ["1\n2\n"]);
  sink.take();
  assertEquals(await isDone(first), true);
  assertEquals(await isDone(second), false);
  assertEquals(sink.writes, ["1\n2\n", "3\n4\n"]);
  sink.take();
  await second;
  await output.written();
});

Deno.test("Output.full is true while the reader is behind", async () => {
  const sink = new ManualSink();
  const output = new Output(sink);
  output.print("under way");
  await isDone(output.written());
  assertEquals(output.full, false);
  output.print("x".repeat(65_536));
  assertEquals(output.full, true);
  sink.take();
  await isDone(output.written());
  assertEquals(output.full, false);
  sink.take();
  await output.written();
});

/** Prints to an output that fails, and expects it to stay failed. */
async function failureOf(
  cause: Error,
  options?: { readonly terminal: boolean },
): Promise<Error> {
  const sink = new ManualSink(options);
  const output = new Output(sink);
  output.print("under way");
  const written = output.written();
  await isDone(written);
  output.print("waiting");
  const waiting = output.written();
  sink.fail(cause);
  const error = await assertRejects(() => written, OutputError);
  assertEquals(await waiting.catch((error) => error), error);
  output.print("afterwards");
  assertEquals(await output.written().catch((error) => error), error);
  assertEquals(output.failure, error);
  assertEquals(sink.writes, ["under way\n"]);
  return error;
}

Deno.test("Output.written() throws OutputClosedError when the reader has gone", async () => {
  const cause = new Deno.errors.BrokenPipe("Broken pipe");
  const error = await failureOf(cause);
  assertInstanceOf(error, OutputClosedError);
  assertEquals(error.message, "The reader of the output has gone");
  assertEquals(error.cause, cause);
});

Deno.test("Output.written() throws OutputClosedError when the terminal was closed", async () => {
  const cause = Object.assign(new Error("Input/output error"), { code: "EIO" });
  assertInstanceOf(
    await failureOf(cause, { terminal: true }),
    OutputClosedError,
  );
  const error = await failureOf(cause);
  assertEquals(error instanceof OutputClosedError, false);
});

Deno.test("Output.written() throws a HandlerStop when the output can't be written", async () => {
  const error = await failureOf(new Error("No space left on device"));
  assertEquals(
    error.message,
    "Can't write the output: No space left on device",
  );
  assertInstanceOf(error, HandlerStop);
  assertEquals(error instanceof OutputClosedError, false);
});

Deno.test("Output.print() tries again when the output is non-blocking and full", async () => {
  const sink = new ManualSink();
  const output = new Output(sink);
  output.print("text");
  const written = output.written();
  await isDone(written);
  sink.fail(new Deno.errors.WouldBlock("Resource temporarily unavailable"));
  while (sink.writes.length < 2) await isDone(written);
  sink.take();
  await written;
  assertEquals(sink.writes, ["text\n", "text\n"]);
});

Deno.test("note() puts the time before the first line when standard error is not a terminal", async () => {
  const { write } = Deno.stderr;
  let text = "";
  const written = Promise.withResolvers<void>();
  Deno.stderr.write = (bytes) => {
    text += new TextDecoder().decode(bytes);
    written.resolve();
    return Promise.resolve(bytes.length);
  };
  try {
    note("Waiting\n  for it");
    await written.promise;
  } finally {
    Deno.stderr.write = write;
  }
  const [time, ...rest] = text.split(" ");
  assertEquals(new Date(time ?? "").toISOString(), time);
  assertEquals(rest.join(" "), "Waiting\n  for it\n");
});

Deno.test("Output.showStatus() shows a line until something else is printed or shown, on a terminal only", async () => {
  for (const terminal of [true, false]) {
    const sink = new ManualSink({ terminal });
    const output = new Output(sink);
    output.showStatus("10%\x07");
    output.showStatus("20%");
    output.print("A line");
    output.showStatus("");
    output.showStatus("30%");
    output.showStatus("");
    await isDone(output.written());
    const clear = "\r\x1b[K";
    assertEquals(
      sink.writes,
      [
        terminal
          ? `10%\\u0007${clear}20%${clear}A line\n30%${clear}`
          : "A line\n",
      ],
    );
    sink.take();
  }
});

Deno.test("Output.print() replaces the status of the output beside it where both are terminals", async () => {
  for (const terminal of [true, false]) {
    const [sink, sinkBeside] = [terminal, true].map((terminal) =>
      new ManualSink({ terminal })
    ) as [ManualSink, ManualSink];
    const beside = new Output(sinkBeside);
    const output = new Output(sink, beside);
    beside.showStatus("10%");
    output.print("A line");
    output.print("Another");
    await isDone(Promise.all([output.written(), beside.written()]));
    assertEquals(sinkBeside.writes, ["10%"]);
    assertEquals(sink.writes, [
      `${terminal ? "\r\x1b[K" : ""}A line\nAnother\n`,
    ]);
    sink.take();
    sinkBeside.take();
  }
});

Deno.test("Output.showStatus() cuts a line that is longer than the terminal is wide", async () => {
  const sink = new ManualSink({ terminal: true });
  const output = new Output(sink);
  output.showStatus("x".repeat(10_000));
  await isDone(output.written());
  const [line = ""] = sink.writes;
  assert(line.length < 1_000, `${line.length}`);
  sink.take();
});
