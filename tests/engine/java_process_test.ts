/**
 * Records of processes, and what a log tells.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { JavaProcess, relevantLines } from "../../lib/engine/java_process.ts";
import { writeWhole } from "../../lib/base/files.ts";
import { PipelineError, StoppedError } from "../../lib/base/errors.ts";
import { checkoutFolder } from "../../lib/engine/paths.ts";
import { processIdentity } from "../../lib/engine/shell.ts";
import { shellTest } from "../support/local_engine.ts";
import { PATIENCE_MS } from "../support/patience.ts";

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

Deno.test("ready() ends in time, and by the signal, when a probe hears neither", async () => {
  const process = new JavaProcess({
    name: "broker",
    title: "Kafka",
    run: "none",
    logs: "none",
    prepare: () => Promise.reject(new Error("must not be started")),
    probe: () => new Promise(() => {}),
    startTimeoutMs: 100,
  });
  await assertRejects(
    () => process.ready(),
    PipelineError,
    "Kafka was not ready after 0.1 s",
  );
  await assertRejects(() => process.ready(AbortSignal.abort()), StoppedError);
  const stop = new AbortController();
  const stopped = process.ready(stop.signal);
  stop.abort();
  await assertRejects(() => stopped, StoppedError);
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
  "running() keeps a record that another task writes while it looks",
  async (folder) => {
    const identity = await processIdentity(Deno.pid);
    const record = JSON.stringify({ pid: Deno.pid, identity });
    for (let round = 0; round < 20; round++) {
      const looks = Array.from(
        { length: 10 },
        () => idleProcess(folder).running(),
      );
      await writeWhole(`${folder}/broker.json`, record);
      await Promise.all(looks);
      assertEquals(await Deno.readTextFile(`${folder}/broker.json`), record);
      await Deno.remove(`${folder}/broker.json`);
    }
  },
);

shellTest(
  "start() gives the program the environment that Java needs, and no other variable of this process",
  async (folder) => {
    const script = `
      import { JavaProcess } from "./lib/engine/java_process.ts";
      const [folder] = Deno.args;
      const java = new JavaProcess({
        name: "broker", title: "Kafka", run: folder, logs: folder,
        prepare: () => Promise.resolve({ args: ["x"], env: { OWN: "1" } }),
        probe: async () => {
          if (!(await Deno.readTextFile(folder + "/broker.log")).includes("end")) throw new Error("not yet");
        },
      });
      await java.start();`;
    await Deno.writeTextFile(
      `${folder}/java`,
      "#!/bin/sh\nenv\necho end\nexec sleep 60\n",
      { mode: 0o755 },
    );
    const { code, stderr } = await new Deno.Command("deno", {
      args: [
        "eval",
        "-q",
        "--ext=ts",
        script,
        folder,
      ],
      cwd: checkoutFolder(),
      env: {
        PATH: `${folder}:${Deno.env.get("PATH")}`,
        SECRET_OF_THE_SHELL: "x",
      },
      signal: AbortSignal.timeout(PATIENCE_MS),
    }).output();
    await idleProcess(folder).kill();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
    const log = await Deno.readTextFile(`${folder}/broker.log`);
    assertStringIncludes(log, "OWN=1");
    assertStringIncludes(log, `PATH=${folder}:`);
    assert(!log.includes("SECRET_OF_THE_SHELL"), log);
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
