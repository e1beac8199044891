/**
 * Tests of the permissions that `deno.json` gives each task: enough for its work, and nothing else.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import denoJson from "../deno.json" with { type: "json" };
import { checkoutFolder, engineFolder } from "../lib/engine/paths.ts";
import { freePorts } from "../lib/engine/ports.ts";
import type { Outcome } from "./support/permission_probe.ts";
import { permittedTest } from "./support/permissions.ts";
import { commandOf } from "./support/task_process.ts";
import { PATIENCE_MS } from "./support/patience.ts";

const DEFAULTS = [
  "localhost:9092",
  "127.0.0.1:9092",
  "localhost:8081",
  "127.0.0.1:8081",
  // For --metrics-port.
];
/** Where the tasks that serve metrics listen. */
const METRICS = "127.0.0.1:9464";
/** A file of the checkout, by its path from there. */
const INSIDE = "deno.json";
const OUTSIDE = "/etc/passwd";
/** Where keys and passwords may be kept: every pipeline task may read it. */
const SECRET = ".secrets/password.txt";

const NEEDS: readonly Deno.PermissionDescriptor[] = [
  { name: "run", command: "deno" },
  { name: "read", path: checkoutFolder() },
  { name: "write", path: engineFolder() },
  { name: "net", host: "localhost" },
  { name: "net", host: "127.0.0.1" },
];

/** What became of the same thing tried on each of several. */
function each(
  what: string,
  names: readonly string[],
  outcome: Outcome,
): Record<string, Outcome> {
  return Object.fromEntries(names.map((name) => [`${what} ${name}`, outcome]));
}

const TASKS = [
  "dashboard",
  "topic",
  "produce",
  "consume",
  "dlq",
  "schema",
  "group",
  "peek",
  "store",
] as const;

for (const task of TASKS) {
  permittedTest(
    `${task} may reach the engine, and neither connect, read, write nor run elsewhere`,
    NEEDS,
    async () => {
      const parent = `${engineFolder()}/tmp`;
      await Deno.mkdir(parent, { recursive: true });
      const folder = await Deno.makeTempDir({ dir: parent, prefix: "test-" });
      try {
        const [port] = freePorts(1);
        // 192.0.2.1 is nobody's (RFC 5737); 127.0.0.2 is this machine under another address.
        const elsewhere = [
          `localhost:${port}`,
          "127.0.0.2:9092",
          "192.0.2.1:9092",
        ];
        const kept = `${folder}/kept.txt`;
        const fresh = `${folder}/fresh.txt`;
        await Deno.writeTextFile(kept, "as it was");
        const files = [INSIDE, OUTSIDE, SECRET, kept, fresh];
        const { flags } = commandOf(task);
        const { stdout, stderr } = await new Deno.Command("deno", {
          args: [
            ...flags,
            "tests/support/permission_probe.ts",
            ...DEFAULTS,
            METRICS,
            ...elsewhere,
            "--",
            ...files,
          ],
          cwd: checkoutFolder(),
          env: {
            KAFKA_BROKERS: "localhost:9092",
            SCHEMA_REGISTRY_URL: "http://localhost:8081",
            PROBE_SECRET: "not for this task",
          },
          signal: AbortSignal.timeout(PATIENCE_MS),
        }).output();
        assertEquals(new TextDecoder().decode(stderr), "");
        // Events and schemas may be read from a file of the checkout; no other task reads those.
        const reads = task === "produce" || task === "schema"
          ? "granted"
          : "refused";
        const inside = [INSIDE, kept, fresh];
        const metrics = task === "dashboard" ? "refused" : "granted";
        assertEquals(JSON.parse(new TextDecoder().decode(stdout)), {
          ...each("connect", DEFAULTS, "granted"),
          ...each("fetch", DEFAULTS, "granted"),
          ...each("connect", [METRICS], metrics),
          ...each("fetch", [METRICS], metrics),
          ...each("connect", elsewhere, "refused"),
          ...each("fetch", elsewhere, "refused"),
          "listen": "refused",
          "resolve": "refused",
          ...each("read", inside, reads),
          ...each("read by Node", inside, reads),
          ...each("read", [SECRET], "granted"),
          ...each("read by Node", [SECRET], "granted"),
          ...each("read", [OUTSIDE], "refused"),
          ...each("read by Node", [OUTSIDE], "refused"),
          ...each("write", files, "refused"),
          "run sh": "refused",
          "run sh by Node": "refused",
          "call a library": "refused",
          "hostname": "granted",
          "network interfaces": "refused",
          "environment KAFKA_BROKERS": "granted",
          "environment SCHEMA_REGISTRY_URL": "granted",
          "environment PROBE_SECRET": "hidden",
        });
        assertEquals(await Deno.readTextFile(kept), "as it was");
        assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), [
          "kept.txt",
        ]);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  );
}

/** Every `deno run` of `deno.json`, by its flags. */
const runs = new Map(
  Object.values(denoJson.tasks).flatMap(({ command }) =>
    [...command.matchAll(/deno run (.*?) (tasks\/\w+\.ts)/g)].map((
      [, flags = "", script = ""],
    ) => [flags, script] as const)
  ),
);

for (const [flags, script] of runs) {
  permittedTest(
    `${script} (${flags}) imports nothing that is not cached`,
    [{ name: "run", command: "deno" }],
    async () => {
      const { stdout, stderr } = await new Deno.Command("deno", {
        args: ["run", ...flags.split(" "), "tests/support/import_probe.ts"],
        cwd: checkoutFolder(),
        signal: AbortSignal.timeout(PATIENCE_MS),
      }).output();
      const text = new TextDecoder();
      assertEquals([stdout, stderr].map((bytes) => text.decode(bytes)), [
        "",
        "",
      ]);
    },
  );
}
