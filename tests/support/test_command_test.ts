/**
 * The summary of tests that ran in several processes.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { describeSummary, parseSummary } from "./test_command.ts";

const LINE =
  "FAILED | 41 passed (3 steps) | 2 failed (1 step) | 4 ignored (5s)";
const SUMMARY = {
  passed: 41,
  passedSteps: 3,
  failed: 2,
  failedSteps: 1,
  ignored: 4,
};

Deno.test("parseSummary() reads every number", () => {
  assertEquals(parseSummary(LINE), SUMMARY);
  assertEquals(parseSummary("ok | 1 passed | 0 failed (12ms)"), {
    passed: 1,
    passedSteps: 0,
    failed: 0,
    failedSteps: 0,
    ignored: 0,
  });
});

Deno.test("parseSummary() returns undefined for every other line", () => {
  for (
    const line of [
      "",
      "a test that says ok | 1 passed ... ok (3ms)",
      "running 3 tests from ./tests/a_test.ts",
    ]
  ) assertEquals(parseSummary(line), undefined, line);
});

Deno.test("describeSummary() adds up runs to a line that parseSummary() reads", () => {
  const passed = { ...SUMMARY, failed: 0, failedSteps: 0 };
  assertEquals(
    describeSummary([passed, passed], 65_400),
    "ok | 82 passed (6 steps) | 0 failed | 8 ignored (1m5s)",
  );
  assertEquals(describeSummary([SUMMARY], 5_000), LINE);
  assertEquals(parseSummary(describeSummary([SUMMARY], 5_000)), SUMMARY);
});
