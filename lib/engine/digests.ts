/**
 * The digests of the engine's programs. Maven checks a download against a checksum of the server that sent it; these are
 * the project's own.
 *
 * @module
 */

import { PipelineError } from "../base/errors.ts";
import PROGRAMS from "./programs.sha256" with { type: "text" };

/**
 * Checks the files of a program against its own digests, before any of them is run.
 *
 * @param list The digests, in the format of `sha256sum`.
 * @throws {PipelineError} If a file is missing, unknown, or has another digest.
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
  for await (const { name } of Deno.readDir(folder)) {
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
