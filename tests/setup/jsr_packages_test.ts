/**
 * Which packages the setup asks for.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import { PipelineError } from "../../lib/base/errors.ts";
import { jsrImports } from "../../lib/setup/jsr_packages.ts";

Deno.test("jsrImports() keeps the packages of JSR when others are imported too", () => {
  const config = JSON.stringify({
    imports: {
      "@std/cli": "jsr:@std/cli@^1",
      kafkajs: "npm:kafkajs@2.2.4",
      "@std/uuid": "jsr:@std/uuid@^1",
    },
  });
  assertEquals(
    [...jsrImports(config)],
    [["@std/cli", "jsr:@std/cli@^1"], ["@std/uuid", "jsr:@std/uuid@^1"]],
  );
});

Deno.test("jsrImports() finds nothing when there are no imports", () => {
  assertEquals([...jsrImports("{}")], []);
});

Deno.test("jsrImports() says which file is wrong when it is not JSON", () => {
  assertThrows(() => jsrImports("{"), PipelineError, "deno.json");
});
