/**
 * Tests of what the command line advises for each kind of error.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import {
  type ErrorCode,
  type ErrorDetails,
  PipelineError,
} from "../../lib/base/errors.ts";
import { adviceFor } from "../../lib/cli/advice.ts";
import { describeError } from "../../lib/cli/command.ts";

Deno.test("adviceFor() names the flag or the task with the error's own values", () => {
  const cases: [ErrorCode, ErrorDetails, string][] = [
    [
      "kafka-unreachable",
      {},
      "Start it with `deno task up`, or name another with --brokers or KAFKA_BROKERS.",
    ],
    [
      "database-unreachable",
      {},
      "Start it, or name another with --database or DATABASE_URL.",
    ],
    [
      "net-permission",
      { address: "kafka-2:9093" },
      'Add kafka-2:9093 to "permissions.pipeline.net" in deno.json.',
    ],
    [
      "replication-factor",
      { brokersCount: 3 },
      "Use --replication-factor 3 or less, or add brokers.",
    ],
    [
      "replication-factor",
      { brokersCount: 1 },
      "Use --replication-factor 1, or add brokers.",
    ],
    ["topic-missing", { topic: "demo" }, "Create it with `deno task topic`."],
    [
      "topic-missing",
      { topic: "till" },
      "Create it with `deno task topic --topic till`.",
    ],
  ];
  const denied = new PipelineError("It failed", {
    code: "net-permission",
    details: { address: "kafka-2:9093" },
  });
  assertEquals(
    adviceFor(denied, "store"),
    'Add kafka-2:9093 to "permissions.store.net" in deno.json.',
  );
  for (const [code, details, expected] of cases) {
    const error = new PipelineError("It failed", { code, details });
    assertEquals(adviceFor(error), expected);
  }
  assertEquals(adviceFor(new PipelineError("It failed")), undefined);
});

Deno.test("describeError() writes the message, then the hint, then the advice", () => {
  const error = new PipelineError("It failed", {
    hint: "Its log says why.",
    code: "topic-missing",
    details: { topic: "demo" },
  });
  assertEquals(
    describeError(error, { debug: false }),
    "Error: It failed\n  Its log says why.\n  Create it with `deno task topic`.",
  );
});
