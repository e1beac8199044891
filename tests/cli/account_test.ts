/**
 * How the account of a run reads.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { plural } from "../../lib/base/plural.ts";
import { describeAccount, listOf } from "../../lib/cli/account.ts";

Deno.test("describeAccount() has how many of how many, how long, the rate and the rest", () => {
  assertEquals(
    describeAccount({
      done: "Delivered",
      count: 26_500,
      of: 200_000,
      tookMs: 1_200,
      rest: ["1 not valid", "stopped before the rest"],
    }),
    "Delivered 26,500 of 200,000 events in 1.2 s (22,083/s); 1 not valid; stopped before the rest.",
  );
});

Deno.test("describeAccount() leaves out what says nothing", () => {
  const account = { done: "Consumed", rest: [] };
  for (
    const [count, of, tookMs, text] of [
      [5, 5, 1_000, "Consumed 5 events in 1.0 s (5/s)."],
      [1, undefined, 50, "Consumed 1 event in 50 ms (20/s)."],
      [0, undefined, 0, "Consumed 0 events in 0 ms."],
      [0, 1, 3_000, "Consumed 0 of 1 event in 3.0 s."],
      [3, undefined, 59_400, "Consumed 3 events in 59.4 s."],
      [3, undefined, 59_600, "Consumed 3 events in 1 min 0 s."],
      [
        3_600,
        undefined,
        3_599_000,
        "Consumed 3,600 events in 59 min 59 s (1/s).",
      ],
      [3, undefined, 5_400_000, "Consumed 3 events in 1 h 30 min."],
    ] as const
  ) assertEquals(describeAccount({ ...account, count, of, tookMs }), text);
});

Deno.test("listOf() leaves out what there is none of", () => {
  const list = (letters: number, tombstones: number) =>
    listOf([
      [letters, plural(letters, "dead letter")],
      [tombstones, plural(tombstones, "tombstone")],
    ]);
  assertEquals(list(0, 0), []);
  assertEquals(list(1_000, 0), ["1,000 dead letters"]);
  assertEquals(list(2, 1), ["2 dead letters, 1 tombstone"]);
});
