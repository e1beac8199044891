/**
 * How far a run is: what a terminal shows, and what a log gets.
 *
 * @module
 */

import { assertEquals, assertMatch } from "@std/assert";
import { note } from "../../lib/cli/output.ts";
import { describeProgress, Progress } from "../../lib/cli/progress.ts";
import { captureOutput } from "../support/captured_output.ts";

Deno.test("describeProgress() writes events and rate, and share and time left where the size is known", () => {
  const state = { done: "Delivered", count: 26_500, startedAt: 1_000 };
  for (
    const [change, text] of [
      [{}, "Delivered 26,500 events (13,250/s)"],
      [{ share: 0.25 }, "Delivered 26,500 events (13,250/s), 25%, 6.0 s left"],
      [{ share: 1 }, "Delivered 26,500 events (13,250/s), 100%, 0 ms left"],
      // A run that continues has not read what an earlier one has.
      [
        { share: 0.75, startShare: 0.5 },
        "Delivered 26,500 events (13,250/s), 75%, 2.0 s left",
      ],
      [{ count: 1, share: 0 }, "Delivered 1 event, 0%"],
    ] as const
  ) {
    assertEquals(describeProgress({ ...state, ...change }, 3_000), text);
  }
});

/** Shows progress until it was shown twice, and prints a line meanwhile. */
async function showTwice(terminal: boolean): Promise<string> {
  const { stderr } = await captureOutput(async () => {
    const twice = Promise.withResolvers<void>();
    let looks = 0;
    const progress = new Progress(() => {
      if (++looks === 3) twice.resolve();
      if (looks === 1) return undefined;
      if (looks === 2) note("A note");
      return { done: "Sent", count: 2, startedAt: 0, share: 0.5 };
    });
    await twice.promise;
    progress.end();
    note("The end");
  }, { terminal });
  return stderr;
}

Deno.test("Progress rewrites a line on a terminal, and removes it before anything else is printed", async () => {
  const shown = await showTwice(true);
  const line = "\\[#{10}-{10}\\] Sent 2 events, 50%, .* left";
  assertMatch(
    shown,
    new RegExp(
      `^A note\n${line}\r\x1b\\[K${line}\r\x1b\\[K(\\S+Z )?The end\n$`
        .replaceAll(
          "\x1b",
          "\\x1b",
        ),
    ),
  );
});
