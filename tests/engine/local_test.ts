/**
 * The record of an engine's ports.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { parseCluster, parsePorts } from "../../lib/engine/local.ts";

Deno.test("parsePorts() reads ports, and nothing from what is no record", () => {
  const nodes = [{ id: 1, kafkaPort: 2, controllerPort: 3 }];
  const ports = { nodes, registryPort: 4 };
  assertEquals(parsePorts(JSON.stringify(ports)), ports);
  for (
    const text of [
      "",
      "null",
      "garbage",
      "{}",
      '{"nodes":[],"registryPort":4}',
      '{"nodes":[{"id":1,"kafkaPort":"x","controllerPort":3}],"registryPort":4}',
      JSON.stringify({ nodes }),
    ]
  ) {
    assertEquals(parsePorts(text), undefined, text);
  }
});

Deno.test("parseCluster() reads how many brokers have data, and nothing from what is no record", () => {
  const record = { brokersCount: 3, clusterId: "x" };
  assertEquals(parseCluster(JSON.stringify(record)), record);
  for (const text of ["", "garbage", "{}", '{"brokersCount":3}']) {
    assertEquals(parseCluster(text), undefined, text);
  }
});
