/**
 * Tests of what is counted, and of readiness.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { EventRecord } from "../../lib/events/record.ts";
import { EventProcessor, oneByOne } from "../../lib/consume/event_processor.ts";
import { PipelineTelemetry } from "../../lib/telemetry/pipeline_telemetry.ts";
import { sumOf } from "../support/prometheus.ts";

const RUN = { topic: "demo", group: "audit" };

const RECORD: EventRecord<unknown> = {
  topic: "demo",
  partition: 0,
  offset: "6",
  timestamp: Date.now() - 60_000,
  key: "charlie_davis",
  headers: [],
  event: { customer_name: "Charlie Davis" },
};

Deno.test("isReady is true while all runs are connected and nothing is waited for", () => {
  const telemetry = new PipelineTelemetry();
  const seen: boolean[] = [];
  const look = () => seen.push(telemetry.isReady);
  look();
  const consumer = telemetry.consuming(RUN);
  look();
  consumer.assigned([0]);
  look();
  consumer.waiting("kafka", true);
  consumer.waiting("registry", true);
  consumer.waiting("registry", false);
  look();
  consumer.waiting("kafka", false);
  look();
  const store = telemetry.storing({
    topic: "demo",
    table: "t",
    system: "sqlite",
  });
  store.waiting("database", true);
  look();
  store.waiting("database", false);
  store.ended();
  look();
  consumer.ended();
  look();
  assertEquals(seen, [false, false, true, false, true, false, true, false]);
  const text = telemetry.prometheusText();
  assertEquals(sumOf(text, "cafe_waits_total"), 3);
  assertEquals(sumOf(text, "cafe_waits_total", 'dependency="registry"'), 1);
});

Deno.test("lagging() replaces the lags, also those of partitions that were taken away", () => {
  const telemetry = new PipelineTelemetry();
  const consumer = telemetry.consuming(RUN);
  const lagOf = (partition: number) =>
    sumOf(
      telemetry.prometheusText(),
      "cafe_consumer_lag",
      `partition_id="${partition}"`,
    );
  consumer.lagging(new Map([[0, 5], [1, 7]]));
  assertEquals([lagOf(0), lagOf(1), lagOf(2)], [5, 7, undefined]);
  consumer.lagging(new Map([[1, 8], [2, 9]]));
  assertEquals([lagOf(0), lagOf(1), lagOf(2)], [undefined, 8, 9]);
  consumer.ended();
  assertEquals([lagOf(0), lagOf(1), lagOf(2)], [
    undefined,
    undefined,
    undefined,
  ]);
});

Deno.test("a producer's requests are counted with the kind of error, and never with what is in it", () => {
  const telemetry = new PipelineTelemetry();
  const producer = telemetry.producing({ topic: "demo" });
  const request = { partition: 0, messages: [{}, {}] };
  const error = Object.assign(new Error("Charlie Davis"), {
    name: "KafkaJSProtocolError",
    type: "NOT_ENOUGH_REPLICAS",
  });
  producer.sending(request)({ error, again: true });
  producer.sending(request)();
  producer.sending(request)({ error: new TypeError("Charlie"), again: false });
  producer.failed(error);
  const text = telemetry.prometheusText();
  const sent = (labels?: string) =>
    sumOf(text, "messaging_client_sent_messages_total", labels);
  assertEquals(sent(), 6);
  assertEquals(sent('error_type="NOT_ENOUGH_REPLICAS"'), 2);
  assertEquals(sent('error_type="TypeError"'), 2);
  assertEquals(sumOf(text, "cafe_events_delivered_total"), 2);
  assertEquals(sumOf(text, "cafe_events_failed_total"), 1);
  assertEquals(sumOf(text, "cafe_retries_total", 'operation="send"'), 1);
  assertEquals(
    sumOf(text, "messaging_client_operation_duration_seconds_count"),
    3,
  );
  assertEquals(text.includes("Charlie"), false);
});

Deno.test("a handler's calls are counted as one processing, and its failures as retries", async () => {
  const telemetry = new PipelineTelemetry();
  let calls = 0;
  const processor = new EventProcessor(
    { decode: () => RECORD.event },
    oneByOne(() => {
      if (++calls <= 2) throw new Error("Charlie Davis is not there yet");
    }),
    {
      topic: "demo",
      handlerRetries: 3,
      handlerBackoffMs: 1,
      sessionTimeoutMs: 10_000,
      deadLetters: undefined,
      telemetry: telemetry.consuming(RUN),
    },
  );
  const { timestamp, offset } = RECORD;
  const message = {
    key: null,
    value: new Uint8Array(1),
    timestamp,
    offset,
    headers: [],
  };
  const { signal } = new AbortController();
  const done = await processor.process({
    message,
    partition: 0,
    context: { signal },
  });
  assertEquals([done, calls], [true, 3]);
  const text = telemetry.prometheusText();
  assertEquals(sumOf(text, "messaging_client_consumed_messages_total"), 1);
  assertEquals(sumOf(text, "messaging_process_duration_seconds_count"), 1);
  assertEquals(sumOf(text, "cafe_retries_total", 'operation="process"'), 2);
  const age = sumOf(text, "cafe_consumer_newest_event_age_seconds") ?? 0;
  assertEquals(Math.round(age / 10), 6);
  assertEquals(text.includes("Charlie"), false);
});
