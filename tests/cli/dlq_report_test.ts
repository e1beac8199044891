/**
 * What `deno task dlq` prints of letters that others wrote.
 *
 * @module
 */

import { assertEquals, assertMatch } from "@std/assert";
import { describeLetter, letterJson } from "../../lib/cli/dlq_report.ts";
import type { DeadLetter } from "../../lib/consume/dead_letters/dlq.ts";
import { printLine } from "../../lib/cli/output.ts";
import { captureOutput } from "../support/captured_output.ts";

const HOSTILE = "demo\x1b]52;c;ZWNobyBoaQ==\x07\nError: forged\x1b[2K";

const LETTER: DeadLetter = {
  letter: { topic: "demo.dlq", partition: 0, offset: "7" },
  lettersCount: 1,
  group: HOSTILE,
  groups: [HOSTILE],
  setAsideAt: undefined,
  headers: [],
  timestamp: 1770085015763,
  key: new TextEncoder().encode(HOSTILE),
  value: new TextEncoder().encode(HOSTILE),
  origin: { topic: HOSTILE, partition: 0, offset: "5" },
  reason: HOSTILE,
  stage: "VALUE_CONVERTER",
  attempts: 1,
  replayedTo: undefined,
  batch: undefined,
};

Deno.test("describeLetter() and letterJson() escape all that the letter's writer chose", async () => {
  for (const write of [describeLetter, letterJson]) {
    const { stdout, stderr } = await captureOutput(() =>
      printLine(write(LETTER))
    );
    assertEquals(stdout.split("\n").length, write === letterJson ? 2 : 9);
    assertMatch(stdout, /^[\n\x20-\x7e├└─]*$/);
    assertEquals(stderr, "");
  }
});
