/**
 * Tests of what is said about kafkajs' errors. Those that take a broker are in the integration tests.
 *
 * @module
 */

import { assertEquals, assertInstanceOf } from "@std/assert";
import { PipelineError } from "../../lib/base/errors.ts";
import {
  describeWait,
  explainKafkaError,
  isKafkaOutage,
  isUnanswered,
  missingLeader,
} from "../../lib/kafka/errors.ts";

const CONFIG = {
  brokers: ["kafka-1:9092", "[::1]:9092"],
  registryUrl: "http://localhost:8081",
};

/** An error as kafkajs throws it, behind the one that counts its retries. */
function thrown(fields: Readonly<Record<string, unknown>>): Error {
  const cause = Object.assign(new Error("of kafkajs"), fields);
  return new Error("retried", { cause });
}

function explained(fields: Readonly<Record<string, unknown>>): unknown[] {
  const error = explainKafkaError(thrown(fields), {
    config: CONFIG,
    action: "Consuming",
  });
  assertInstanceOf(error, PipelineError);
  return [error.message, error.code, error.details];
}

const CONNECTION = { name: "KafkaJSConnectionError", code: "ECONNREFUSED" };

Deno.test("explainKafkaError() tells a broker that only the cluster names from those of the settings", () => {
  for (const broker of ["kafka-1:9092", "::1:9092"]) {
    assertEquals(explained({ ...CONNECTION, broker }), [
      "Consuming failed: Kafka can't be reached at kafka-1:9092,[::1]:9092",
      "kafka-unreachable",
      {},
    ]);
  }
  for (
    const [broker, address] of [
      ["kafka-2:9092", "kafka-2:9092"],
      ["::2:9092", "[::2]:9092"],
    ]
  ) {
    assertEquals(explained({ ...CONNECTION, broker }), [
      `Consuming failed: Kafka at kafka-1:9092,[::1]:9092 advertises a broker at ${address}, which can't be reached`,
      undefined,
      {},
    ]);
    assertEquals(explained({ ...CONNECTION, code: "EPERM", broker }), [
      `No permission to reach ${address}, which Kafka at kafka-1:9092,[::1]:9092 advertises`,
      "net-permission",
      { address },
    ]);
  }
});

Deno.test("explainKafkaError() says what a broker refuses by a setting of its own", () => {
  for (
    const [type, words, code] of [
      [
        "INCONSISTENT_GROUP_PROTOCOL",
        "the group has members that share out partitions by another protocol",
        "group-protocol",
      ],
      [
        "GROUP_MAX_SIZE_REACHED",
        "the group has as many members as the broker takes (group.max.size)",
        "group-full",
      ],
      [
        "INVALID_SESSION_TIMEOUT",
        "the session timeout is outside what the broker takes (group.min.session.timeout.ms, group.max.session.timeout.ms)",
        undefined,
      ],
      ["POLICY_VIOLATION", "of kafkajs", undefined],
    ]
  ) {
    assertEquals(
      explained({ name: "KafkaJSProtocolError", retriable: false, type }),
      [`Consuming failed: ${words}`, code, {}],
    );
  }
});

Deno.test("explainKafkaError() and describeWait() say what a broker answered that is not ready, and which partition has no leader", () => {
  const refused = {
    name: "KafkaJSProtocolError",
    retriable: true,
    type: "NOT_ENOUGH_REPLICAS",
  };
  assertEquals(explained(refused), [
    "Consuming failed: Kafka at kafka-1:9092,[::1]:9092 is not ready: of kafkajs",
    undefined,
    {},
  ]);
  assertEquals(
    describeWait(CONFIG, thrown(refused)),
    "Waiting for Kafka at kafka-1:9092,[::1]:9092: of kafkajs...",
  );
  const leaderless = {
    ...refused,
    type: "LEADER_NOT_AVAILABLE",
    cause: missingLeader("demo", [1, 4]),
  };
  assertEquals(explained(leaderless), [
    "Partitions 1, 4 of 'demo' have no leader",
    "leader-missing",
    {},
  ]);
  assertEquals(
    describeWait(CONFIG, thrown(leaderless)),
    "Waiting for Kafka at kafka-1:9092,[::1]:9092: Partitions 1, 4 of 'demo' have no leader...",
  );
  assertEquals(
    describeWait(CONFIG, thrown({ ...CONNECTION, broker: "kafka-1:9092" })),
    "Waiting for Kafka at kafka-1:9092,[::1]:9092...",
  );
});

Deno.test("isKafkaOutage() counts a broker of which kafkajs doesn't know what it understands as away, and no other plain error", () => {
  assertEquals(isKafkaOutage(new Error("Broker not connected")), true);
  assertEquals(isKafkaOutage(new Error("A defect")), false);
});

Deno.test("isUnanswered() counts requests that may have been sent, and none whose connection could not be made", () => {
  for (
    const [fields, expected] of [
      [{ name: "KafkaJSConnectionClosedError" }, true],
      [{ name: "KafkaJSRequestTimeoutError" }, true],
      [{ name: "KafkaJSConnectionError", code: undefined }, true],
      [{ name: "KafkaJSConnectionError", code: "ECONNRESET" }, true],
      [{ name: "KafkaJSConnectionError", code: "ECONNREFUSED" }, false],
      [{ name: "KafkaJSProtocolError", type: "NOT_COORDINATOR" }, false],
    ] as const
  ) {
    assertEquals(isUnanswered(thrown(fields)), expected, Deno.inspect(fields));
  }
});
