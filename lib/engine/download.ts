/**
 * The engine's programs: downloaded on first use, then shared by every engine of the checkout.
 *
 * A program's folder has the version in its name. It appears by a rename, complete and checked.
 *
 * @module
 */

import { PipelineError } from "../base/errors.ts";
import { namesIn, removeIfThere } from "../base/files.ts";
import { javaVersion } from "./choose.ts";
import { withLock } from "./lock.ts";
import {
  apicurioFor,
  KAFKA,
  type Program,
  type RegistryProgram,
  runMaven,
} from "./maven.ts";
import { engineFolder } from "./paths.ts";
import PROGRAMS from "./programs.sha256" with { type: "text" };
import { runCommand } from "./shell.ts";

/** Where the programs are. */
export interface Programs {
  readonly kafka: string;
  readonly registryJar: string;
}

/** The programs that an engine runs. */
export interface ProgramChoice {
  /** Kafka. By default the newest. */
  readonly kafka?: Program;
  /** The registry. By default the newest that this machine's Java runs. */
  readonly registry?: RegistryProgram;
}

/** Options for {@linkcode ensurePrograms}. */
export interface DownloadOptions extends ProgramChoice {
  readonly notify?: ((line: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

const UNPACK_TIMEOUT_MS = 120_000;

/** Makes sure that the programs exist: downloads those that don't, in parallel, and checks them. */
export async function ensurePrograms(
  options: DownloadOptions = {},
): Promise<Programs> {
  const {
    kafka = KAFKA,
    registry = apicurioFor(await javaVersion() ?? 0),
    notify = () => {},
    signal,
  } = options;
  const folder = `${engineFolder()}/programs`;
  const programs = {
    kafka: `${folder}/${kafka.folder}`,
    registryJar: `${folder}/${registry.folder}/${registry.jar}`,
  };
  const needed = [kafka, registry];
  if ((await missing(needed, folder)).length === 0) return programs;
  await Deno.mkdir(folder, { recursive: true });
  await withLock({
    path: `${folder}/lock`,
    onWait: () =>
      notify("Waiting for another process that downloads the programs..."),
    signal,
  }, async () => {
    // Another process may have downloaded them while this one waited.
    const wanted = await missing(needed, folder);
    if (wanted.length === 0) return;
    await removeDrafts(folder);
    await downloadAll(wanted, { folder, notify, signal });
  });
  return programs;
}

const DRAFT = ".part-";

async function missing(
  programs: readonly Program[],
  folder: string,
): Promise<Program[]> {
  const names = await namesIn(folder);
  return programs.filter((program) => !names.includes(program.folder));
}

interface Target {
  readonly folder: string;
  readonly notify: (line: string) => void;
  readonly signal: AbortSignal | undefined;
}

const PROGRESS_MS = 5_000;

async function downloadAll(
  programs: readonly Program[],
  { folder, notify, signal }: Target,
): Promise<void> {
  const names = programs.map(({ title }) => title).join(" and ");
  const totalMb = programs.reduce((sum, { sizeMb }) => sum + sizeMb, 0);
  notify(`Downloading ${names} with Maven, once: up to ${totalMb} MB...`);
  const startedAt = Date.now();
  const bytes = new Map<Program, number>();
  const progress = setInterval(() => {
    // Maven transfers nothing that it has already.
    const parts = [...bytes].filter(([, count]) => count > 0)
      .map(([{ title }, count]) => `${title}: ${(count / 1e6).toFixed(1)} MB`);
    if (parts.length > 0) notify(`  ${parts.join(", ")}`);
  }, PROGRESS_MS);
  try {
    const results = await Promise.allSettled(
      programs.map((program) =>
        download(program, {
          folder,
          signal,
          onBytes: (count) => bytes.set(program, count),
        })
      ),
    );
    const failed = results.find((result) => result.status === "rejected");
    if (failed) throw failed.reason;
  } finally {
    clearInterval(progress);
  }
  notify(`Downloaded in ${Math.round((Date.now() - startedAt) / 1000)} s`);
}

/** Removes what interrupted downloads left. The caller holds the lock. */
async function removeDrafts(folder: string): Promise<void> {
  const drafts = (await namesIn(folder)).filter((name) => name.includes(DRAFT));
  await Promise.all(drafts.map((name) => removeIfThere(`${folder}/${name}`)));
}

async function download(
  program: Program,
  { folder, onBytes, signal }: {
    readonly folder: string;
    readonly onBytes: (bytes: number) => unknown;
    readonly signal: AbortSignal | undefined;
  },
): Promise<void> {
  // A name of its own: if an earlier download was killed, its Maven may still write to the other.
  const draft = await Deno.makeTempDir({
    dir: folder,
    prefix: `${program.folder}${DRAFT}`,
  });
  const logFile = `${folder}/${program.folder}.maven.log`;
  await runMaven(program, { folder: draft, logFile, onBytes, signal });
  await Deno.remove(`${draft}/pom.xml`);
  await Deno.remove(`${draft}/.mvn`);
  await checkDigests(draft, program.folder, program.digests);
  for (const name of await namesIn(draft)) {
    if (!name.endsWith(".tar.gz")) continue;
    const archive = `${draft}/${name}`;
    const { code, stderr } = await runCommand(
      ["tar", "-xzf", archive, "-C", draft],
      { timeoutMs: UNPACK_TIMEOUT_MS, signal },
    );
    if (code !== 0) {
      throw new PipelineError(`Could not unpack ${archive}`, {
        hint: `tar said: ${stderr.trim()}`,
      });
    }
    await Deno.remove(archive);
  }
  await Deno.rename(draft, `${folder}/${program.folder}`);
}

/**
 * Checks the files of a program against its own digests, before any of them is run.
 *
 * @param list The digests, in the format of `sha256sum`.
 */
export async function checkDigests(
  folder: string,
  program: string,
  list: string = PROGRAMS,
): Promise<void> {
  const wanted = new Map(
    list.trim().split("\n").map((line) => line.split("  ") as [string, string])
      .filter(([, path]) => path.startsWith(`${program}/`))
      .map(([digest, path]) => [path.slice(program.length + 1), digest]),
  );
  const problems: string[] = [];
  for (const name of await namesIn(folder)) {
    const digest = wanted.get(name);
    wanted.delete(name);
    if (digest === undefined) problems.push(`${name} is unknown`);
    else if (await digestOf(`${folder}/${name}`) !== digest) {
      problems.push(`${name} has another digest`);
    }
  }
  problems.push(...[...wanted.keys()].map((name) => `${name} is missing`));
  if (problems.length === 0) return;
  throw new PipelineError(
    `The download of ${program} is not what this project has checked: ${
      problems.slice(0, 3).join(", ")
    }${problems.length > 3 ? `, and ${problems.length - 3} more` : ""}`,
    {
      hint:
        "Nothing of it was run. Maven's repository, ~/.m2 or a mirror, may hold damaged or changed files.",
    },
  );
}

async function digestOf(path: string): Promise<string> {
  const bytes = await Deno.readFile(path);
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}
