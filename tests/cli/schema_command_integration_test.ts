/**
 * `deno task schema` on a real registry: what it lists, explains, refuses and registers.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { type Bench, integrationTest } from "../support/integration.ts";
import { RegistryProxy } from "../support/registry_proxy.ts";
import { SilentListener } from "../support/silent_listener.ts";
import { runTaskProcess, type TaskOptions } from "../support/task_process.ts";

const OPEN = {
  title: "Parcel",
  type: "object",
  properties: { id: { type: "string" }, grams: { type: "integer" } },
  required: ["id", "grams"],
};
const CLOSED = { ...OPEN, additionalProperties: false };

function withNote<T extends typeof OPEN>(schema: T, required = false) {
  return {
    ...schema,
    properties: { ...schema.properties, note: { type: "string" } },
    required: [...schema.required, ...required ? ["note"] : []],
  };
}

function schema(
  { config }: Bench,
  args: readonly string[],
  input?: unknown,
  options: TaskOptions = {},
) {
  return runTaskProcess(config, "schema", args, {
    ...options,
    ...(input !== undefined && { input: JSON.stringify(input) }),
  });
}

integrationTest(
  "schema check and register accept an optional field, and refuse a required one with the reason",
  async (bench) => {
    const subject = `${bench.topic}-value`;
    const to = ["-", `--subject=${subject}`];
    const first = await schema(bench, ["register", ...to], CLOSED);
    assertMatch(
      first.stdout,
      /^Registered test-\S+-value, version 1, id \d+\.\n$/,
    );
    const level = await schema(bench, [
      "compatibility",
      "backward",
      `--subject=${subject}`,
    ]);
    assertStringIncludes(
      level.stdout,
      "BACKWARD: consumers with the new schema can read what was written before",
    );

    const refused = await schema(
      bench,
      ["check", ...to],
      withNote(CLOSED, true),
    );
    assertEquals(refused.code, 1, refused.stderr);
    assertStringIncludes(
      refused.stdout,
      "- note: the new schema requires it and version 1 does not",
    );
    assertStringIncludes(refused.stdout, 'Leave it out of "required".');
    const notAdded = await schema(
      bench,
      ["register", ...to],
      withNote(CLOSED, true),
    );
    assertEquals([notAdded.code, notAdded.stdout], [1, refused.stdout]);

    const accepted = await schema(bench, ["check", ...to], withNote(CLOSED));
    assertEquals(
      accepted.stdout,
      `Compatible with ${subject}, version 1 (BACKWARD).\n`,
    );
    const second = await schema(bench, ["register", ...to], withNote(CLOSED));
    assertStringIncludes(second.stdout, "version 2");
    const again = await schema(bench, ["register", ...to], withNote(CLOSED));
    assertStringIncludes(again.stdout, "has this schema already: version 2");
    assertEquals([second.code, again.code], [0, 0]);

    const list = await schema(bench, ["list", "--json"]);
    const listed = list.stdout.split("\n").slice(0, -1)
      .map((line) => JSON.parse(line));
    assertEquals(
      listed.find((one) => one.subject === subject)?.versions,
      [1, 2],
    );
    const shown = await schema(bench, ["show", subject, "--version=1"]);
    assertEquals(JSON.parse(shown.stdout), CLOSED);
    const missing = await schema(bench, ["show", subject, "--version=9"]);
    assertEquals(missing.code, 1);
    assertStringIncludes(
      missing.stderr,
      `Error: The registry has no version 9 of the subject "${subject}"`,
    );
    const mistyped = await schema(bench, ["show", `${subject}s`]);
    assertStringIncludes(mistyped.stderr, `Did you mean "${subject}"?`);
  },
);

integrationTest(
  "schema check explains the trap when an optional field is added to an open schema",
  async (bench) => {
    const to = ["-", `--subject=${bench.topic}-value`];
    await schema(bench, ["register", ...to], OPEN);
    await schema(bench, ["compatibility", "BACKWARD", to[1] ?? ""]);
    const { code, stdout } = await schema(
      bench,
      ["check", ...to],
      withNote(OPEN),
    );
    assertEquals(code, 1);
    assertStringIncludes(stdout, "- note: the new schema defines it, and");
    assertStringIncludes(
      stdout,
      `In an open schema, one without "additionalProperties": false, a field can't be added, not even an optional one`,
    );
  },
);

integrationTest(
  "schema check refuses what is not a JSON Schema before the registry is asked",
  async (bench) => {
    const { code, stderr } = await schema(
      bench,
      ["check", "-", "--subject=x", "--registry=http://localhost:1"],
      { type: 12 },
    );
    assertEquals(code, 1);
    assertStringIncludes(
      stderr,
      "Error: The schema of standard input is not valid: ",
    );
    const unknown = await schema(bench, ["check", "-"], OPEN);
    assertEquals(unknown.code, 2);
    assertStringIncludes(unknown.stderr, "--subject is missing");
  },
);

integrationTest(
  "schema list logs in with the settings' credentials, and says so when they are refused",
  async (bench) => {
    const { registryUrl } = bench.config;
    await using proxy = new RegistryProxy(registryUrl, {
      authorization: "Bearer t0ken",
    });
    const list = (token: string) =>
      schema(bench, ["list", `--registry=${proxy.url}`], undefined, {
        env: { SCHEMA_REGISTRY_TOKEN: token },
        reach: [proxy.host],
      });
    const [right, wrong] = await Promise.all([list("t0ken"), list("other")]);
    assertEquals(right.code, 0, right.stderr);
    assertEquals(wrong.code, 1);
    assertStringIncludes(wrong.stderr, "HTTP 401");
    assert(!wrong.stderr.includes("other"));
  },
);

integrationTest(
  "schema list ends with what to do when the registry is down or silent",
  async (bench) => {
    using silent = new SilentListener();
    const list = (registry: string) =>
      schema(
        bench,
        ["list", `--registry=${registry}`, "--timeout=1"],
        undefined,
        {
          reach: [new URL(registry).host],
        },
      );
    const found = await Promise.all([
      list("http://localhost:1"),
      list(`http://${silent.address}`),
    ]);
    for (const { code, stderr } of found) {
      assertEquals(code, 1);
      assertMatch(
        stderr,
        /The Schema Registry can't be reached|doesn't answer/,
      );
    }
  },
);
