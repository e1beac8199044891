/**
 * How many threads a run is worth, and how an error passes from one to another.
 *
 * @module
 */

import { assertEquals, assertInstanceOf } from "@std/assert";
import {
  causes,
  InvalidEventError,
  messageOf,
  OutageError,
  PipelineError,
} from "../../lib/errors.ts";
import { OutputClosedError } from "../../lib/output.ts";
import { errorOf, failureOf, usefulWorkers } from "../../lib/workers/pool.ts";

Deno.test("usefulWorkers() gives a small run one thread, and a large one those that the machine and the topic have", () => {
  const table: [Parameters<typeof usefulWorkers>[0], number][] = [
    [{ events: 0, cores: 8 }, 1],
    [{ events: 999_999, cores: 8 }, 1],
    [{ events: 1_000_000, cores: 8 }, 2],
    [{ events: 1e9, cores: 8 }, 4],
    [{ events: Infinity, cores: 64 }, 4],
    [{ events: Infinity, cores: 64, most: 3 }, 3],
    [{ events: Infinity, cores: 3 }, 2],
    [{ events: Infinity, cores: 2 }, 1],
    [{ events: Infinity, cores: 1 }, 1],
    [{ events: Infinity, cores: 8, most: 0 }, 1],
  ];
  for (const [run, expected] of table) {
    assertEquals(usefulWorkers(run), expected, JSON.stringify(run));
  }
});

Deno.test("errorOf() gives back what failureOf() took, by its class, even over a thread's border", () => {
  const errors = [
    new PipelineError("plain"),
    new OutageError("away", { hint: "Wait." }),
    new InvalidEventError("bad"),
    new OutputClosedError("gone"),
  ];
  for (const error of errors) {
    const back = errorOf(structuredClone(failureOf(error)));
    assertInstanceOf(back, PipelineError);
    assertEquals(
      [back.constructor, back.message, back.hint, back.stack],
      [error.constructor, error.message, error.hint, error.stack],
    );
  }
  const cause = new TypeError("refused", { cause: "the network" });
  const caused = errorOf(
    structuredClone(failureOf(new OutageError("away", { cause }))),
  );
  assertEquals([...causes(caused)].map(messageOf), [
    "away",
    "refused",
    "the network",
  ]);
  const circle = new Error("round");
  circle.cause = circle;
  assertEquals(failureOf(circle).cause, undefined);
  const defect = errorOf(structuredClone(failureOf(new TypeError("oops"))));
  assertEquals([defect.constructor, defect.message], [Error, "oops"]);
  assertEquals(errorOf(failureOf("text")).message, "text");
  // No class of this project, but what every object has.
  const odd = { ...failureOf("x"), name: "constructor" };
  assertEquals(errorOf(odd).constructor, Error);
});
