/**
 * The engine's programs: fetched on first use, then shared by every engine of the checkout.
 *
 * A program's folder appears by a rename, complete or not at all, and carries the version in its name.
 *
 * @module
 */

import { PipelineError } from "../base/errors.ts";
import { withLock } from "./lock.ts";
import { APICURIO, KAFKA, type Program, runMaven } from "./maven.ts";
import { engineFolder, removeIfThere } from "./paths.ts";
import { progressLine } from "./progress.ts";
import { runCommand } from "./shell.ts";

/** Where the programs are. */
export interface Programs {
  /** The folder with Kafka's jars. */
  readonly kafka: string;
  /** The folder with the registry's jars. */
  readonly apicurio: string;
}

/**
 * Makes sure that the programs are there, and fetches those that are not, side by side.
 *
 * @param folder The folder for the programs. By default that of the checkout.
 * @param tell Told in a line what is fetched.
 * @returns Where they are.
 * @throws {PipelineError} If one can't be fetched or unpacked.
 */
export async function ensurePrograms(
  folder: string = `${engineFolder()}/programs`,
  tell: (line: string) => void = console.error,
): Promise<Programs> {
  const programs = {
    kafka: `${folder}/${KAFKA.folder}`,
    apicurio: `${folder}/${APICURIO.folder}`,
  };
  if ((await missing(folder)).length === 0) return programs;
  await Deno.mkdir(folder, { recursive: true });
  await withLock(`${folder}/lock`, async () => {
    // Another process may have fetched them while this one waited.
    const wanted = await missing(folder);
    if (wanted.length === 0) return;
    await removeDrafts(folder);
    await fetchAll(folder, wanted, tell);
  }, () => tell("Waiting for another process that downloads the programs..."));
  return programs;
}

const DRAFT = ".part-";

async function missing(folder: string): Promise<Program[]> {
  const found = await Promise.all(
    [KAFKA, APICURIO].map(async (program) => {
      const info = await Deno.stat(`${folder}/${program.folder}`).catch(() =>
        undefined
      );
      return info?.isDirectory ? [] : [program];
    }),
  );
  return found.flat();
}

async function fetchAll(
  folder: string,
  programs: readonly Program[],
  tell: (line: string) => void,
): Promise<void> {
  const names = programs.map((program) =>
    `${program.title} ${program.folder.replace(/^.*-/, "")}`
  );
  const total = programs.reduce((sum, { megabytes }) => sum + megabytes, 0);
  tell(
    `Downloading ${
      names.join(" and ")
    } from Maven Central, once: up to ${total} MB...`,
  );
  const started = Date.now();
  const progress = progressLine();
  const bytes = new Map<Program, number>();
  const show = () =>
    progress.update(
      "  " +
        [...bytes].map(([{ title }, count]) =>
          `${title}: ${(count / 1e6).toFixed(1)} MB`
        ).join(", "),
    );
  try {
    const results = await Promise.allSettled(
      programs.map((program) =>
        fetchOne(folder, program, (count) => {
          bytes.set(program, count);
          show();
        })
      ),
    );
    const failed = results.find((result) => result.status === "rejected");
    if (failed) throw failed.reason;
  } finally {
    progress.end();
  }
  tell(`Downloaded in ${Math.round((Date.now() - started) / 1000)} s`);
}

/** Removes what interrupted downloads left. Whoever holds the lock is alone here. */
async function removeDrafts(folder: string): Promise<void> {
  const drafts: string[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    if (name.includes(DRAFT)) drafts.push(`${folder}/${name}`);
  }
  await Promise.all(drafts.map(removeIfThere));
}

async function fetchOne(
  folder: string,
  program: Program,
  onBytes: (bytes: number) => void,
): Promise<void> {
  // A name of its own: where an earlier download was killed, its Maven may still be writing to the other.
  const draft = await Deno.makeTempDir({
    dir: folder,
    prefix: `${program.folder}${DRAFT}`,
  });
  const logFile = `${folder}/${program.folder}.maven.log`;
  await runMaven(program, { folder: draft, logFile, onBytes });
  await Deno.remove(`${draft}/pom.xml`);
  for await (const { name } of Deno.readDir(draft)) {
    if (!name.endsWith(".tar.gz")) continue;
    await unpack(`${draft}/${name}`, draft);
    await Deno.remove(`${draft}/${name}`);
  }
  await Deno.rename(draft, `${folder}/${program.folder}`);
}

async function unpack(archive: string, folder: string): Promise<void> {
  const { code, stderr } = await runCommand(
    ["tar", "-xzf", archive, "-C", folder],
    { timeout: 120_000 },
  );
  if (code === 0) return;
  throw new PipelineError(`Could not unpack ${archive}`, {
    hint: `tar said: ${stderr.trim()}`,
  });
}
