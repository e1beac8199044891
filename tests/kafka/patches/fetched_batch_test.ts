/**
 * What is handed on of a fetch, held against what kafkajs itself hands on.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { assertEquals } from "@std/assert";
import { quickBatch } from "../../../lib/kafka/patches/fetched_batch.ts";
import { permittedTest } from "../../support/permissions.ts";

permittedTest(
  "quickBatch() hands on what kafkajs' own class does, whatever has to be left out",
  [{ name: "env" }],
  async () => {
    const { default: Original } = await import("kafkajs/src/consumer/batch.js");
    const Quick = quickBatch(Original);
    const message = (offset: string, isControlRecord = false) => ({
      offset,
      isControlRecord,
      key: Buffer.alloc(4),
      batchContext: { producerId: "7", inTransaction: true },
    });
    const [four, five, six] = ["4", "5", "6"].map((offset) => message(offset));
    const marker = message("7", true);
    const aborted = [{ firstOffset: "5", producerId: "7" }];
    const fetches = {
      "nothing": [],
      "all of it": [five, six],
      "behind the offset, as a batch begins before it": [four, five, six],
      "before the offset alone, as compaction leaves it": [four],
      "with control records": [five, six, marker],
      "control records alone": [marker],
    };
    const all = Object.entries(fetches).flatMap(([name, messages]) =>
      [[], aborted].map((abortedTransactions) =>
        [name, { messages, abortedTransactions }] as const
      )
    );
    for (const [name, part] of all) {
      const data = { partition: 1, highWatermark: "8", ...part };
      const [own, quick] = [Original, Quick].map((Batch) => {
        const batch = new Batch("demo", "5", data);
        return {
          ...batch,
          isEmpty: batch.isEmpty(),
          filtered: batch.isEmptyDueToFiltering(),
          first: batch.firstOffset(),
          last: batch.lastOffset(),
          lag: [batch.offsetLag(), batch.offsetLagLow()],
        };
      });
      assertEquals(quick, own, name);
    }
  },
);
