/**
 * The setup task, run as users run it: in a checkout of its own, with an empty cache of its own,
 * against a JSR that is closed, working or silent.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertStringIncludes,
} from "@std/assert";
import { eventually } from "../support/eventually.ts";
import { type PublishedPackage, serveJsr } from "../support/jsr_registry.ts";
import { permittedTest } from "../support/permissions.ts";
import { freePorts } from "../../lib/engine/ports.ts";
import { PATIENCE_MS } from "../support/patience.ts";

const NEEDS: Deno.PermissionDescriptor[] = [
  { name: "read" },
  { name: "write", path: "/tmp" },
  { name: "run", command: "deno" },
  { name: "net", host: "127.0.0.1" },
];

const PROJECT = new URL("../../", import.meta.url);

/** Says whether it runs on the packages of the registry below or on the stand-ins. */
const PROGRAM = `
import * as assert from "@std/assert";
import * as cli from "@std/cli/parse-args";
import * as uuid from "@std/uuid/v5";
console.log([assert, cli, uuid].map((m) => "servedByJsr" in m ? "jsr" : "stand-in").join(" "));
`;

const PACKAGES: PublishedPackage[] = [
  { name: "@std/assert", exports: { ".": "./mod.ts" } },
  {
    name: "@std/cli",
    exports: { ".": "./mod.ts", "./parse-args": "./mod.ts" },
  },
  { name: "@std/uuid", exports: { ".": "./mod.ts", "./v5": "./mod.ts" } },
].map((each) => ({
  ...each,
  version: "1.2.3",
  files: { "/mod.ts": "export const servedByJsr: boolean = true;\n" },
}));

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly milliseconds: number;
}

/** A copy of what the task needs of the project, with a cache of its own. */
class Checkout implements AsyncDisposable {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Makes one.
   *
   * @param timeoutMs How long setup asks JSR if there are no stand-ins yet; by default, then and always as long as a busy machine may need.
   */
  static async create(timeoutMs?: number): Promise<Checkout> {
    const folder = await Deno.makeTempDir({ prefix: "setup_test_" });
    const root = new URL(`file://${folder}/`);
    // Without the npm packages, which the task and the program have no use for.
    const config = JSON.parse(
      await Deno.readTextFile(new URL("deno.json", PROJECT)),
    );
    config.imports = Object.fromEntries(
      Object.entries<string>(config.imports).filter(([, specifier]) =>
        specifier.startsWith("jsr:")
      ),
    );
    await Deno.writeTextFile(
      new URL("deno.json", root),
      JSON.stringify(config),
    );
    for (
      const path of [
        "lib/base/",
        "lib/cli/output.ts",
        "lib/cli/setup_command.ts",
        "lib/setup/",
        "tasks/setup.ts",
      ]
    ) {
      await copy(new URL(path, PROJECT), new URL(path, root));
    }
    const file = new URL("lib/setup/setup.ts", root);
    const text = await Deno.readTextFile(file);
    const patched = timeoutMs === undefined
      ? text.replaceAll(/(_MS =) [\d_]+;/g, `$1 ${PATIENCE_MS};`)
      : text.replace(/(TIMEOUT_MS =) [\d_]+;/, `$1 ${timeoutMs};`);
    assertNotEquals(patched, text);
    await Deno.writeTextFile(file, patched);
    await Deno.writeTextFile(new URL("lib/mod.ts", root), "export {};\n");
    await Deno.writeTextFile(new URL("program.ts", root), PROGRAM);
    return new Checkout(folder);
  }

  /** Runs `deno` here, with nothing cached but by earlier runs here, and JSR at an address. */
  async deno(jsr: string, ...args: string[]): Promise<Ran> {
    const started = performance.now();
    const { code, stdout, stderr } = await new Deno.Command("deno", {
      args,
      cwd: this.#folder,
      env: {
        DENO_DIR: `${this.#folder}/cache`,
        JSR_URL: jsr,
        NO_COLOR: "1",
        DENO_NO_UPDATE_CHECK: "1",
      },
      stdin: "null",
      // Far beyond what any run takes: a run that hangs fails instead of the suite hanging.
      signal: AbortSignal.timeout(PATIENCE_MS),
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return {
      code,
      stdout: text(stdout),
      stderr: text(stderr),
      milliseconds: performance.now() - started,
    };
  }

  async setup(jsr: string, ...flags: string[]): Promise<Ran> {
    const ran = await this.deno(jsr, "task", "-q", "setup", ...flags);
    assertEquals(ran.code, 0, ran.stderr);
    return ran;
  }

  /** Runs the program and says which packages it got. */
  async program(jsr: string): Promise<string> {
    const ran = await this.deno(jsr, "run", "-q", "program.ts");
    assertEquals(ran.code, 0, ran.stderr);
    return ran.stdout.trim();
  }

  async emptyCache(): Promise<void> {
    await Deno.remove(`${this.#folder}/cache`, { recursive: true });
  }

  /** What the task may leave behind, by name. */
  async leftovers(): Promise<string[]> {
    const names: string[] = [];
    for await (const { name } of Deno.readDir(this.#folder)) {
      if (name.startsWith(".offline")) names.push(name);
    }
    return names.sort();
  }

  async write(path: string, text: string): Promise<void> {
    await Deno.writeTextFile(`${this.#folder}/${path}`, text);
  }

  async read(path: string): Promise<string> {
    return await Deno.readTextFile(`${this.#folder}/${path}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#folder, { recursive: true });
  }
}

async function copy(from: URL, to: URL): Promise<void> {
  if (!from.href.endsWith("/")) {
    await Deno.mkdir(new URL(".", to), { recursive: true });
    await Deno.copyFile(from, to);
    return;
  }
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    const path = isDirectory ? `${name}/` : name;
    await copy(new URL(path, from), new URL(path, to));
  }
}

/** An address of this machine where nothing listens. */
function closedJsr(): string {
  return `http://127.0.0.1:${freePorts(1)[0]}/`;
}

permittedTest(
  "setup uses stand-ins when JSR can't be reached",
  NEEDS,
  async () => {
    await using checkout = await Checkout.create();
    const jsr = closedJsr();
    const before = await checkout.deno(jsr, "run", "-q", "program.ts");
    assertNotEquals(before.code, 0, "the program must not run before setup");

    const first = await checkout.setup(jsr);
    assertMatch(
      first.stdout,
      /^JSR can't be reached \(.+\): stand-ins for .+ put in .+\n$/,
    );
    assertEquals(first.stderr, "");
    assertEquals(await checkout.program(jsr), "stand-in stand-in stand-in");

    const second = await checkout.setup(jsr);
    assertMatch(
      second.stdout,
      /^JSR can't be reached \(.+\): stand-ins for .+ are in .+\n$/,
    );
    const quiet = await checkout.setup(jsr, "--quiet");
    assertEquals(quiet.stdout + quiet.stderr, "");
    assertEquals(await checkout.leftovers(), [".offline"]);
  },
);

permittedTest(
  "setup has Deno work with a copy of deno.lock, which stays as it is",
  NEEDS,
  async () => {
    await using checkout = await Checkout.create();
    const lock = JSON.stringify({ version: "5" });
    await checkout.write("deno.lock", lock);
    await using registry = await serveJsr(PACKAGES);
    for (const jsr of [closedJsr(), registry.url]) {
      await checkout.setup(jsr);
      await checkout.program(jsr);
      assertEquals(await checkout.read("deno.lock"), lock);
    }
    assertStringIncludes(await checkout.read(".deno.lock"), "@std/uuid@1.2.3");
  },
);

permittedTest(
  "deno.json keeps a workspace of a folder above out of the checkout",
  NEEDS,
  async () => {
    const above = await Deno.makeTempDir({ prefix: "setup_test_" });
    try {
      await Deno.writeTextFile(
        `${above}/deno.json`,
        JSON.stringify({
          workspace: ["./checkout"],
          tasks: { foreign: "echo foreign" },
        }),
      );
      await Deno.mkdir(`${above}/checkout`);
      await Deno.copyFile(
        new URL("deno.json", PROJECT),
        `${above}/checkout/deno.json`,
      );
      const { code, stdout, stderr } = await new Deno.Command("deno", {
        args: ["task"],
        cwd: `${above}/checkout`,
        stdin: "null",
      }).output();
      const text = new TextDecoder();
      const shown = text.decode(stdout) + text.decode(stderr);
      assertEquals(code, 0, shown);
      assertStringIncludes(shown, "demo");
      assert(!shown.includes("foreign"), shown);
    } finally {
      await Deno.remove(above, { recursive: true });
    }
  },
);

permittedTest(
  "setup removes the stand-ins when the packages resolve, and back again",
  NEEDS,
  async () => {
    await using checkout = await Checkout.create();
    await using registry = await serveJsr(PACKAGES);
    const closed = closedJsr();

    for (let round = 1; round <= 2; round++) {
      await checkout.setup(closed);
      assertEquals(
        await checkout.program(closed),
        "stand-in stand-in stand-in",
      );

      const removed = await checkout.setup(registry.url);
      assertMatch(removed.stdout, /resolve from JSR: removed .+\n$/);
      assertEquals(await checkout.leftovers(), []);
      assertEquals(await checkout.program(registry.url), "jsr jsr jsr");

      const again = await checkout.setup(registry.url);
      assertMatch(again.stdout, /resolve from JSR: nothing to do\.\n$/);
      const quiet = await checkout.setup(registry.url, "--quiet");
      assertEquals(quiet.stdout + quiet.stderr, "");
      await checkout.emptyCache();
    }
  },
);

permittedTest(
  "setup takes cached packages for resolved when JSR can't be reached",
  NEEDS,
  async () => {
    await using checkout = await Checkout.create();
    const registry = await serveJsr(PACKAGES);
    await using _ = registry;
    await checkout.setup(registry.url);
    await registry[Symbol.asyncDispose]();

    const offline = await checkout.setup(registry.url);
    assertMatch(offline.stdout, /resolve from JSR: nothing to do\.\n$/);
    assertEquals(await checkout.program(registry.url), "jsr jsr jsr");
  },
);

permittedTest(
  "setup uses stand-ins when one package of three is missing",
  NEEDS,
  async () => {
    await using checkout = await Checkout.create();
    await using registry = await serveJsr(PACKAGES.slice(0, 2));
    const ran = await checkout.setup(registry.url);
    assertStringIncludes(ran.stdout, "@std/uuid");
    assertStringIncludes(ran.stdout, "put in");
    assertEquals(
      await checkout.program(registry.url),
      "stand-in stand-in stand-in",
    );
  },
);

permittedTest(
  "setup keeps its deadline when JSR never answers",
  NEEDS,
  async () => {
    await using checkout = await Checkout.create(700);
    using silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const jsr = `http://127.0.0.1:${silent.addr.port}/`;
    const hungUp: Promise<void>[] = [];
    const accepting = (async () => {
      for await (const connection of silent) {
        hungUp.push(
          connection.readable.pipeTo(new WritableStream()).catch(() => {}),
        );
      }
    })();
    const short = await checkout.setup(jsr);
    assertStringIncludes(short.stdout, "no answer within 0.7 s");
    assertStringIncludes(short.stdout, "put in");
    assert(short.milliseconds < PATIENCE_MS, `took ${short.milliseconds} ms`);

    const task = await checkout.setup(jsr);
    assertStringIncludes(task.stdout, "no answer within 2 s");
    assert(task.milliseconds < PATIENCE_MS, `took ${task.milliseconds} ms`);
    assertEquals(await checkout.program(jsr), "stand-in stand-in stand-in");

    // On a busy machine it ends before it has asked.
    await eventually("a request", async () => {
      if (hungUp.length === 0) await checkout.setup(jsr);
      return hungUp.length > 0;
    });
    // The Deno that asked was ended, not left waiting.
    const deadline = Promise.withResolvers<string>();
    const timer = setTimeout(
      () => deadline.resolve("still connected"),
      PATIENCE_MS,
    );
    const ended = Promise.all(hungUp).then(() => "hung up");
    assertEquals(await Promise.race([ended, deadline.promise]), "hung up");
    clearTimeout(timer);
    silent.close();
    await accepting.catch(() => {});
  },
);

permittedTest(
  "setup repairs stand-ins that are damaged or of another version",
  NEEDS,
  async () => {
    await using checkout = await Checkout.create();
    const jsr = closedJsr();
    await checkout.setup(jsr);
    const intact = await checkout.read(".offline/uuid/v5.ts");
    await checkout.write(".offline/uuid/v5.ts", "export {};\n");
    await checkout.write(".offline/uuid/of_an_earlier_version.ts", "");

    const repaired = await checkout.setup(jsr, "--quiet");
    assertStringIncludes(repaired.stderr, "put in");
    assertEquals(repaired.stdout, "");
    assertEquals(await checkout.read(".offline/uuid/v5.ts"), intact);
    assertEquals(await checkout.leftovers(), [".offline"]);
    assertEquals((await checkout.setup(jsr, "--quiet")).stderr, "");
  },
);

permittedTest(
  "setup does not break another setup at the same time",
  NEEDS,
  async () => {
    await using checkout = await Checkout.create();
    const jsr = closedJsr();
    for (let round = 1; round <= 3; round++) {
      await Promise.all(Array.from({ length: 4 }, () => checkout.setup(jsr)));
      assertEquals(await checkout.leftovers(), [".offline"]);
      assertEquals(await checkout.program(jsr), "stand-in stand-in stand-in");
      await checkout.write(".offline/uuid/v5.ts", "export {};\n");
    }
  },
);

permittedTest(
  "setup rejects unknown flags and explains itself",
  NEEDS,
  async () => {
    await using checkout = await Checkout.create();
    const wrong = await checkout.deno(
      closedJsr(),
      "task",
      "-q",
      "setup",
      "--quite",
    );
    assertEquals(wrong.code, 2);
    assertStringIncludes(wrong.stderr, "Error: Unknown flag: --quite");
    assertEquals(await checkout.leftovers(), []);
    const help = await checkout.setup(closedJsr(), "--help");
    assertStringIncludes(help.stdout, "Usage: deno task setup");
    assertEquals(await checkout.leftovers(), []);
  },
);
