/**
 * What opening a file of events refuses, and that it is closed again.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { PipelineError } from "../../../lib/base/errors.ts";
import { loyaltyScans } from "../../../lib/events/loyalty_scan.ts";
import { InputFile, openFile } from "../../../lib/produce/sources/file.ts";
import { fileEvents } from "../../../lib/produce/sources/file_events.ts";
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
        [".", "Not a file but a folder: ."],
      ] as const
    ) {
      const error = await assertRejects(() => openFile(path), PipelineError);
      assertEquals(error.message, message);
    }
  },
);

permittedTest(
  "fileEvents() closes a large table whose header it has read again behind a place",
  [{ name: "read", path: "/tmp" }, { name: "write", path: "/tmp" }],
  async () => {
    const scan = loyaltyScans.generate!({ seed: 1 }).next().value;
    const header = Object.keys(scan).join();
    const row = `\n${Object.values(scan).join()}`;
    const path = await Deno.makeTempFile({ suffix: ".csv" });
    try {
      await Deno.writeTextFile(path, header + row.repeat(10_000));
      const start = { line: 9_999, offset: header.length + 9_998 * row.length };
      const file = await InputFile.find(path);
      const items = await Array.fromAsync(
        fileEvents(loyaltyScans, file, { start }),
      );
      assertEquals(items.map(({ number }) => number), [10_000, 10_001]);
    } finally {
      await Deno.remove(path);
    }
  },
);
