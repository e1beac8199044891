/**
 * The sentences about offsets that are gone. The look-up itself is tested against a real Kafka.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import {
  describeGap,
  describeLostOffsets,
} from "../../lib/consume/starting_offsets.ts";

const RANGE = { low: 100n, high: 200n };

Deno.test("describeLostOffsets() returns undefined when the group's offset exists, the end and the start included", () => {
  for (const committed of [100n, 150n, 200n]) {
    assertEquals(
      describeLostOffsets({ topic: "demo", partition: 1 }, {
        ...RANGE,
        committed,
        offset: committed,
      }),
      undefined,
    );
  }
});

Deno.test("describeLostOffsets() returns undefined when the group has no offset yet", () => {
  assertEquals(
    describeLostOffsets({ topic: "demo", partition: 1 }, {
      ...RANGE,
      committed: undefined,
      offset: 100n,
    }),
    undefined,
  );
});

Deno.test("describeLostOffsets() names the range that retention has removed", () => {
  assertEquals(
    describeLostOffsets({ topic: "demo", partition: 1 }, {
      ...RANGE,
      committed: 40n,
      offset: 100n,
    }),
    "Offsets 40 to 99 of demo [1] are gone: the topic's retention has removed them before this group read them. Going on at 100.",
  );
});

Deno.test("describeLostOffsets() names all that is skipped when the group goes on at the end", () => {
  assertEquals(
    describeLostOffsets({ topic: "demo", partition: 1 }, {
      ...RANGE,
      committed: 40n,
      offset: 200n,
    }),
    "Offsets 40 to 99 of demo [1] are gone: the topic's retention has removed them before this group read them. " +
      "The group begins at the end, and skips offsets 100 to 199 too. Going on at 200.",
  );
});

Deno.test("describeLostOffsets() says that the topic is another one when the offset is after its end", () => {
  assertEquals(
    describeLostOffsets({ topic: "demo", partition: 0 }, {
      low: 0n,
      high: 5n,
      committed: 6n,
      offset: 0n,
    }),
    "The group's offset 6 is after the end of demo [0] (5): the topic was deleted and created again, or the broker has lost its end. Going on at 0.",
  );
});

Deno.test("describeGap() names one offset as well as many, beyond what a double can hold", () => {
  assertEquals(
    describeGap({ topic: "demo", partition: 0 }, {
      from: 9007199254740993n,
      to: 9007199254740994n,
    }),
    "Offsets 9007199254740993 to 9007199254740993 of demo [0] are gone: the topic's retention has removed them before this group read them. Going on at 9007199254740994.",
  );
});
