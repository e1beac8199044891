/**
 * The errors that a person reads, and the walk through their causes.
 *
 * @module
 */

import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import {
  causes,
  InvalidEventError,
  messageOf,
  OutageError,
  PipelineError,
  UsageError,
} from "../../lib/base/errors.ts";

Deno.test("PipelineError and its kinds keep message, hint, cause and name", () => {
  const cause = new Error("root");
  for (
    const [Kind, name] of [
      [PipelineError, "PipelineError"],
      [UsageError, "UsageError"],
      [OutageError, "OutageError"],
      [InvalidEventError, "InvalidEventError"],
    ] as const
  ) {
    const error = new Kind("It failed: 7", { hint: "Do this.", cause });
    assertInstanceOf(error, PipelineError);
    assertInstanceOf(error, Error);
    assertEquals(
      [error.name, error.message, error.hint, error.cause],
      [name, "It failed: 7", "Do this.", cause],
    );
    assertEquals(String(error), `${name}: It failed: 7`);
    assert(error.stack?.startsWith(`${name}: It failed: 7`));
    assertEquals(new Kind("It failed").hint, undefined);
  }
});

Deno.test("causes() walks from the outermost error inwards, each once", () => {
  const root = new Error("root");
  const middle = new Error("middle", { cause: root });
  const top = new Error("top", { cause: middle });
  assertEquals([...causes(top)], [top, middle, root]);

  const other = new Error("other");
  const both = new AggregateError([middle, null, middle, other], "both");
  assertEquals([...causes(both)], [both, middle, other, root]);

  const aggregate = Object.assign(new Error("kafkajs"), { errors: [other] });
  assertEquals([...causes(aggregate)], [aggregate, other]);
});

Deno.test("causes() ends when causes form a ring", () => {
  const first = new Error("first");
  const second = new Error("second", { cause: first });
  first.cause = second;
  assertEquals([...causes(first)], [first, second]);
});

Deno.test("causes() gives what isn't an error as it is, and nothing for nothing", () => {
  assertEquals([...causes("text")], ["text"]);
  assertEquals([...causes(new Error("top", { cause: "text" }))].at(1), "text");
  assertEquals([...causes(undefined)], []);
  assertEquals([...causes(null)], []);
});

Deno.test("messageOf() reads an error's message, and anything else as text", () => {
  const table: [unknown, string][] = [
    [new Error("It failed"), "It failed"],
    [new UsageError("Wrong"), "Wrong"],
    ["text", "text"],
    [undefined, "undefined"],
    [7, "7"],
  ];
  for (const [thrown, message] of table) {
    assertEquals(messageOf(thrown), message);
  }
});
