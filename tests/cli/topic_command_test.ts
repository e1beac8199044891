/**
 * What `deno task topic` prints.
 *
 * @module
 */

import { describeTopicResult } from "../../lib/cli/topic_command.ts";
import { assertEquals } from "@std/assert";

Deno.test("describeTopicResult() writes the lines of the contract, and each difference", () => {
  const wanted = { topic: "demo", partitions: 3, replicationFactor: 1 };
  const lines: [number, number, string][] = [
    [3, 1, "Topic 'demo' already exists!"],
    [
      6,
      1,
      "Topic 'demo' already exists!\nIt has 6 partitions, not 3.",
    ],
    [
      3,
      2,
      "Topic 'demo' already exists!\nIt has a replication factor of 2, not 1.",
    ],
    [
      6,
      2,
      "Topic 'demo' already exists!\nIt has 6 partitions, not 3, and a replication factor of 2, not 1.",
    ],
  ];
  for (const [partitions, replicationFactor, text] of lines) {
    const result = { partitions, replicationFactor, created: false };
    assertEquals(describeTopicResult(wanted, result), text);
  }
  assertEquals(
    describeTopicResult(wanted, { ...wanted, created: true }),
    "Topic 'demo' created successfully with 3 partitions and a replication factor of 1.",
  );
});
