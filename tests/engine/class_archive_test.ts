/**
 * Archives of classes: used where there is one, written where that is wanted.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import {
  archiveDraftOf,
  archiveOf,
  archiveOptions,
} from "../../lib/engine/class_archive.ts";
import { shellTest } from "../support/local_engine.ts";

shellTest(
  "archiveOptions() uses an archive that is complete, and writes one only when asked to",
  async (folder) => {
    const program = `${folder}/kafka`;
    const draft = archiveDraftOf(program);
    assertEquals(await archiveOptions(program), []);
    assertEquals(await archiveOptions(program, { write: true }), [
      `-XX:ArchiveClassesAtExit=${draft}`,
    ]);
    await Deno.writeTextFile(draft, "");
    assertEquals(await archiveOptions(program), []);
    await Deno.rename(draft, archiveOf(program));
    assertEquals(await archiveOptions(program), [
      `-XX:SharedArchiveFile=${archiveOf(program)}`,
    ]);
  },
);
