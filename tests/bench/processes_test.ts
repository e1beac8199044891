/** Tests of what is read of a process's costs. */

import { assertEquals } from "@std/assert";
import { parseTicks } from "./processes.ts";

Deno.test("parseTicks() adds the program's time and the system's, whatever the process is called", () => {
  const rest = "S 1 7 7 0 -1 4194304 5 0 1 0 250 31 9 9 20 0 1 0 100 0 0";
  for (const name of ["deno", "a b", ") 1 2 (x"]) {
    assertEquals(parseTicks(`7 (${name}) ${rest}`), 281);
  }
});
