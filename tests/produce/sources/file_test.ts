/**
 * What opening a file of events refuses.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { PipelineError } from "../../../lib/base/errors.ts";
import { openFile } from "../../../lib/produce/sources/file.ts";
import { permittedTest } from "../../support/permissions.ts";

Deno.test({
  name: "openFile() names the file when it may not be read",
  permissions: { read: false },
  async fn() {
    const error = await assertRejects(
      () => openFile("/data/orders.ndjson"),
      PipelineError,
    );
    assertEquals(
      [error.message, error.code, error.details],
      [
        "No permission to read /data/orders.ndjson",
        "file-not-readable",
        { path: "/data/orders.ndjson" },
      ],
    );
  },
});

permittedTest(
  "openFile() says so when there is no such file, or it is a folder",
  [{ name: "read" }],
  async () => {
    for (
      const [path, message] of [
        ["no/such.ndjson", "No such file: no/such.ndjson"],
        [".", "Can't read events from a folder: ."],
      ] as const
    ) {
      const error = await assertRejects(() => openFile(path), PipelineError);
      assertEquals(error.message, message);
    }
  },
);
