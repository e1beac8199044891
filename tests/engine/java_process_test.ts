/**
 * Records of processes, and what a log tells.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  JavaProcess,
  parseRecord,
  relevantLines,
} from "../../lib/engine/java_process.ts";
import { processIdentity } from "../../lib/engine/shell.ts";
import { shellTest } from "../support/local_engine.ts";

Deno.test("parseRecord() reads a record", () => {
  const record = { pid: 4711, identity: "boot 12" };
  assertEquals(parseRecord(JSON.stringify(record)), record);
});

Deno.test("parseRecord() takes nothing that is not a record", () => {
  for (
    const text of [
      "",
      "4711",
      "null",
      "garbage",
      '{"pid":4711}',
      '{"pid":"4711","identity":"x"}',
      '{"pid":-1,"identity":"x"}',
      '{"pid":1,"identity":"x"}',
    ]
  ) assertEquals(parseRecord(text), undefined, text);
});

Deno.test("relevantLines() picks errors without the frames of their traces", () => {
  const log = [
    "INFO starting",
    "ERROR Exiting Kafka due to fatal exception",
    "java.lang.RuntimeException: no space",
    "\tat kafka.Kafka.main(Kafka.scala)",
    "\t... 12 more",
    "INFO bye",
  ].join("\n");
  assertEquals(relevantLines(log), [
    "ERROR Exiting Kafka due to fatal exception",
    "java.lang.RuntimeException: no space",
  ]);
});

Deno.test("relevantLines() takes the last lines when there is no error", () => {
  assertEquals(relevantLines("one\ntwo\n\nthree\n", 2), ["two", "three"]);
  assertEquals(relevantLines(""), []);
});

function idleProcess(folder: string): JavaProcess {
  return new JavaProcess({
    name: "broker",
    title: "Kafka",
    run: folder,
    logs: folder,
    prepare: () => Promise.reject(new Error("must not be started")),
    probe: () => Promise.resolve(),
  });
}

shellTest(
  "running() drops a record of another process with the same id, and leaves that process alone",
  async (folder) => {
    const stranger = new Deno.Command("sh", {
      args: ["-c", "read -r _"],
      stdin: "piped",
    })
      .spawn();
    const record = `${folder}/broker.json`;
    await Deno.writeTextFile(
      record,
      JSON.stringify({ pid: stranger.pid, identity: "an earlier boot 1" }),
    );
    const process = idleProcess(folder);
    assertEquals(await process.stop(), false);
    await process.kill();
    assertEquals(process.pid, undefined);
    assert(await processIdentity(stranger.pid), "the stranger still runs");
    await assertRejects(() => Deno.stat(record), Deno.errors.NotFound);
    await stranger.stdin.close();
    await stranger.status;
  },
);

shellTest(
  "running() drops a record that is garbage or names a process that is gone",
  async (folder) => {
    const gone = new Deno.Command("sh", { args: ["-c", "exit 0"] }).spawn();
    const identity = await processIdentity(gone.pid) ?? "gone";
    await gone.status;
    for (
      const text of ["garbage", "", JSON.stringify({ pid: gone.pid, identity })]
    ) {
      await Deno.writeTextFile(`${folder}/broker.json`, text);
      assertEquals(await idleProcess(folder).running(), false, text);
    }
  },
);

shellTest(
  "stop() ends the process of the record by force when it does not heed the signal",
  async (folder) => {
    const stubborn = new Deno.Command("sh", {
      args: ["-c", "trap '' TERM; echo ready; read -r _"],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const reader = stubborn.stdout.getReader();
    await reader.read();
    const identity = await processIdentity(stubborn.pid);
    assert(identity);
    await Deno.writeTextFile(
      `${folder}/broker.json`,
      JSON.stringify({ pid: stubborn.pid, identity }),
    );
    assertEquals(await idleProcess(folder).stop(200), true);
    assertEquals((await stubborn.status).signal, "SIGKILL");
    await reader.cancel();
    await stubborn.stdin.close().catch(() => {});
  },
);
