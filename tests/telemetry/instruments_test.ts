/**
 * Tests of the instruments, and of Prometheus' text.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { Instruments } from "../../lib/telemetry/instruments.ts";

Deno.test("prometheusText() writes counters, gauges and histograms with their labels", () => {
  const instruments = new Instruments();
  const sent = instruments.counter({
    name: "messaging.client.sent.messages",
    unit: "{message}",
    description: "Messages",
  });
  sent.with({ "messaging.destination.name": "demo" }).add(3);
  sent.with({ "messaging.destination.name": "demo" }).add();
  sent.with({ "messaging.destination.name": 'a"b\\c\nd' }).add(0);
  const age = instruments.gauge({
    name: "cafe.age",
    unit: "s",
    description: "Age",
  });
  const read: { seconds?: number } = {};
  age.observe({}, () => read.seconds);
  const duration = instruments.histogram({
    name: "cafe.duration",
    unit: "s",
    description: "Duration",
    boundaries: [0.5, 1],
  });
  for (const value of [0.5, 0.75, 0.25, 3]) duration.with({}).record(value);
  const counters = `# HELP messaging_client_sent_messages_total Messages
# TYPE messaging_client_sent_messages_total counter
messaging_client_sent_messages_total{messaging_destination_name="demo"} 4
messaging_client_sent_messages_total{messaging_destination_name="a\\"b\\\\c\\nd"} 0
`;
  const histograms = `# HELP cafe_duration_seconds Duration
# TYPE cafe_duration_seconds histogram
cafe_duration_seconds_bucket{le="0.5"} 2
cafe_duration_seconds_bucket{le="1"} 3
cafe_duration_seconds_bucket{le="+Inf"} 4
cafe_duration_seconds_sum 4.5
cafe_duration_seconds_count 4
`;
  assertEquals(instruments.prometheusText(), counters + histograms);
  read.seconds = 2;
  const gauges = `# HELP cafe_age_seconds Age
# TYPE cafe_age_seconds gauge
cafe_age_seconds 2
`;
  assertEquals(instruments.prometheusText(), counters + gauges + histograms);
  age.forget({});
  assertEquals(instruments.prometheusText(), counters + histograms);
});
