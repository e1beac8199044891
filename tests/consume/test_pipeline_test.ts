/**
 * The pipeline without a broker: the checks, retries and dead letters are the real ones.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { HandlerStop, InvalidEventError } from "../../lib/base/errors.ts";
import { testPipeline } from "../../lib/consume/test_pipeline.ts";
import { defineEvent } from "../../lib/events/event_type.ts";
import { frame } from "../../lib/events/wire_format.ts";

const scans = defineEvent({
  name: "scan",
  topic: "scans",
  schema: {
    type: "object",
    properties: { card: { type: "string" }, points: { type: "integer" } },
    required: ["card", "points"],
    additionalProperties: false,
  },
  key: (scan) => scan.card,
  validate: (scan) => scan.card === "" ? "card must not be empty" : undefined,
});

const GOOD = { card: "C-1", points: 7 };
const encoder = new TextEncoder();

Deno.test("testPipeline() hands each valid event to the handler once, with its key and place, in their sequence", async () => {
  const seen: unknown[] = [];
  const inputs = [GOOD, { card: "C-2", points: -1 }];
  const { events, rejected } = await testPipeline(
    scans,
    ({ event, key, partition, offset, topic }) =>
      void seen.push([event, key, topic, partition, offset]),
    inputs,
  );
  assertEquals(events, inputs);
  assertEquals(rejected, []);
  assertEquals(seen, [
    [inputs[0], "C-1", "scans", 0, "0"],
    [inputs[1], "C-2", "scans", 0, "1"],
  ]);
});

Deno.test("testPipeline() rejects what the producer's check, the reader or the handler rejects, and says which", async () => {
  const notJson = frame(1, "{");
  const unknown = frame(2, JSON.stringify(GOOD));
  const plain = encoder.encode("hello");
  const failing = { card: "C-3", points: 3 };
  const { events, rejected } = await testPipeline(scans, ({ event }) => {
    if (event.card === "C-3") throw new Error("No such card");
  }, [
    { card: "C-1" },
    { ...GOOD, card: "" },
    notJson,
    unknown,
    plain,
    failing,
    GOOD,
  ]);
  assertEquals(events, [GOOD]);
  assertEquals(
    rejected.map(({ by, reason }) => [by, reason]),
    [
      [
        "producer",
        "Not a valid scan: the event must have required property 'points'",
      ],
      ["producer", "Not a valid scan: card must not be empty"],
      ["reader", "The payload is not JSON"],
      ["reader", "The registry has no schema with the id 2"],
      ["reader", "The magic byte is 0x68 and not 0x00"],
      ["handler", "No such card"],
    ],
  );
  assertEquals(rejected[2]?.input, notJson);
  assertEquals(rejected[5]?.input, failing);
});

Deno.test("testPipeline() retries a handler that throws, but not on an InvalidEventError", async () => {
  let calls = 0;
  const flaky = await testPipeline(scans, () => {
    return ++calls < 3 ? Promise.reject(new Error("Busy")) : Promise.resolve();
  }, [GOOD]);
  assertEquals([flaky.events, calls], [[GOOD], 3]);
  calls = 0;
  const bad = await testPipeline(scans, () => {
    calls++;
    throw new InvalidEventError("No");
  }, [GOOD]);
  assertEquals([bad.rejected.length, calls], [1, 1]);
  calls = 0;
  await testPipeline(
    scans,
    () => {
      calls++;
      throw new Error("Busy");
    },
    [GOOD],
    { handlerRetries: 1 },
  );
  assertEquals(calls, 2);
});

Deno.test("testPipeline() ends with a HandlerStop, and stops at its signal", async () => {
  const error = await assertRejects(
    () =>
      testPipeline(scans, () => {
        throw new HandlerStop("The disk is full");
      }, [GOOD]),
    HandlerStop,
  );
  assertEquals(error.message, "The disk is full");
  const stop = new AbortController();
  const { events } = await testPipeline(
    scans,
    () => {
      stop.abort();
      throw new Error("Stopping");
    },
    [GOOD, GOOD],
    { signal: stop.signal },
  );
  assertEquals(events, []);
});
