/**
 * What a person is told of offsets that are gone. The look-up itself is tested against a real Kafka.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import {
  describeGap,
  describeLostOffsets,
} from "../../lib/consume/starting_offsets.ts";

const RANGE = { low: 100n, high: 200n };

Deno.test("describeLostOffsets() says nothing where the group's offset is there, the end and the start included", () => {
  for (const committed of [100n, 150n, 200n]) {
    assertEquals(
      describeLostOffsets("demo", 1, {
        ...RANGE,
        committed,
        offset: committed,
      }),
      undefined,
    );
  }
});

Deno.test("describeLostOffsets() says nothing where the group has no offset yet", () => {
  assertEquals(
    describeLostOffsets("demo", 1, {
      ...RANGE,
      committed: undefined,
      offset: 100n,
    }),
    undefined,
  );
});

Deno.test("describeLostOffsets() names the range that retention took away", () => {
  assertEquals(
    describeLostOffsets("demo", 1, { ...RANGE, committed: 40n, offset: 100n }),
    "Offsets 40 to 99 of demo [1] are gone: the topic's retention has removed them before this group read them. Going on at 100.",
  );
});

Deno.test("describeLostOffsets() names all that is passed over where the group goes on at the end", () => {
  assertEquals(
    describeLostOffsets("demo", 1, { ...RANGE, committed: 40n, offset: 200n }),
    "Offsets 40 to 99 of demo [1] are gone: the topic's retention has removed them before this group read them. " +
      "The group begins at the end, and passes over offsets 100 to 199 too. Going on at 200.",
  );
});

Deno.test("describeLostOffsets() says that a topic is another one where the offset lies behind its end", () => {
  assertEquals(
    describeLostOffsets("demo", 0, {
      low: 0n,
      high: 5n,
      committed: 6n,
      offset: 0n,
    }),
    "The group's offset 6 lies behind the end of demo [0] (5): the topic was made anew, or the broker has lost its end. Going on at 0.",
  );
});

Deno.test("describeGap() names one offset as well as many, beyond what a double can hold", () => {
  assertEquals(
    describeGap("demo", 0, 9007199254740993n, 9007199254740994n),
    "Offsets 9007199254740993 to 9007199254740993 of demo [0] are gone: the topic's retention has removed them before this group read them. Going on at 9007199254740994.",
  );
});
