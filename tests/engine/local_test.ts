/**
 * The record of an engine's ports.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { parsePorts } from "../../lib/engine/local.ts";

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
