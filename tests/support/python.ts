/**
 * Python with confluent-kafka, in a virtual environment that is made on first use and kept.
 *
 * @module
 */

import { checkoutFolder, engineFolder } from "../../lib/engine/paths.ts";
import { runCommand } from "./command.ts";

/** Named exactly, so that the tests prove the same thing every time. */
export const PACKAGE = "confluent-kafka[schemaregistry,json]==2.16.0";

const NEEDS: readonly Deno.PermissionDescriptor[] = [
  { name: "run", command: "python3" },
  { name: "run", command: "sh" },
  { name: "read", path: checkoutFolder() },
  { name: "write", path: engineFolder() },
];

/** A Python that has the package, or why there is none. */
export type Python =
  | { readonly program: string; readonly problem?: never }
  | { readonly program?: never; readonly problem: string };

/**
 * Finds the Python that has confluent-kafka; makes it where it is not there yet.
 *
 * @returns The path of its program, or why there is none.
 */
export async function preparePython(): Promise<Python> {
  const denied = NEEDS.find((need) =>
    Deno.permissions.querySync(need).state !== "granted"
  );
  if (denied?.name === "run") {
    // Deno grants no program that this machine does not have.
    return {
      problem: `needs ${denied.command} and --allow-run=${denied.command}`,
    };
  }
  if (denied) return { problem: `needs --allow-${denied.name}` };
  // What pip installs depends on Python's version.
  const version = await first([
    "python3",
    "-c",
    "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])",
  ]);
  if (version === undefined) {
    return { problem: "needs python3 with venv and pip" };
  }
  const name = PACKAGE.replace(/[^\w.-]+/g, "-");
  const folder = `${engineFolder()}/python/${name}-python-${version}`;
  const program = `${folder}/bin/python`;
  if (await works(program)) return { program };
  const problem = await install(folder);
  // Another run may have been quicker, or its work may have outlived a Python that was replaced since.
  return await works(program) ? { program } : {
    problem: problem ?? `needs a Python that works in ${folder}: remove it`,
  };
}

async function install(folder: string): Promise<string | undefined> {
  const draft = `${folder}.${crypto.randomUUID().slice(0, 8)}.new`;
  await Deno.mkdir(draft, { recursive: true });
  try {
    console.error(`Installing ${PACKAGE} for the tests...`);
    const python = `${draft}/bin/python`;
    const venv = ["python3", "-m", "venv"] as const;
    await runCommand([...venv, "--without-pip", draft]);
    // A pip of its own takes as long as the package does; the machine's may be missing, or older than this flag.
    const machines = ["python3", "-m", "pip", "--python", python] as const;
    const isThere = await first([...machines, "--version"]) !== undefined;
    const made = isThere || (await runCommand([...venv, draft])).code === 0;
    if (!made) return "needs python3 with venv and pip";
    const { code, stderr } = await runCommand(
      [
        ...(isThere ? machines : shell(python, "-m", "pip")),
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--retries=1",
        "--timeout=10",
        PACKAGE,
      ],
    );
    if (code !== 0) {
      const reason = stderr.trim().split("\n").at(-1) ?? "";
      return `needs pip to install ${PACKAGE}: ${reason}`;
    }
    // A folder that another run has put there meanwhile is as good.
    await Deno.rename(draft, folder).catch(() => {});
    return undefined;
  } finally {
    await Deno.remove(draft, { recursive: true }).catch(() => {});
  }
}

/** A program whose path no permission names is run by the shell, which one names. */
function shell(program: string, ...args: string[]): [string, ...string[]] {
  return ["sh", "-c", 'exec "$@"', "sh", program, ...args];
}

async function first(
  command: readonly [string, ...string[]],
): Promise<string | undefined> {
  try {
    const { code, stdout } = await runCommand(command);
    return code === 0 ? new TextDecoder().decode(stdout).trim() : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function works(program: string): Promise<boolean> {
  return await first(
    shell(program, "-c", "import confluent_kafka, jsonschema; print(1)"),
  ) === "1";
}

/**
 * Runs `interop_client.py`.
 *
 * @param program Python, as {@linkcode preparePython} found it.
 * @param request What it shall do.
 * @returns Its answer.
 * @throws {Error} If it fails, or is not done in time.
 */
export async function askPython(
  program: string,
  request: object,
): Promise<unknown> {
  const script = `${checkoutFolder()}/tests/support/interop_client.py`;
  const { code, stdout, stderr } = await runCommand(shell(program, script), {
    input: JSON.stringify(request),
  });
  if (code !== 0) {
    throw new Error(`Python ended with exit code ${code}: ${stderr}`);
  }
  return JSON.parse(new TextDecoder().decode(stdout));
}
