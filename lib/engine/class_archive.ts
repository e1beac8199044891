/**
 * Archives of the classes that a program has loaded: with one, Java starts it with half the work.
 *
 * Java writes one when the program ends, which takes seconds: only an engine that is told to does so. It leaves an archive
 * unused that another Java, or another version of the program, has written.
 *
 * @module
 */

/** The archive of a program, which is a jar or a folder of jars. */
export function archiveOf(program: string): string {
  return `${program}.jsa`;
}

/** Where Java writes the archive of a program: it takes that name when it is complete. */
export function archiveDraftOf(program: string): string {
  return `${archiveOf(program)}.new`;
}

/** Returns Java's options to use the archive of a program if there is one, and to write it if asked to. */
export async function archiveOptions(
  program: string,
  options: { readonly write?: boolean | undefined } = {},
): Promise<string[]> {
  if (options.write) {
    return [`-XX:ArchiveClassesAtExit=${archiveDraftOf(program)}`];
  }
  const archive = archiveOf(program);
  const info = await Deno.stat(archive).catch(() => undefined);
  return info ? [`-XX:SharedArchiveFile=${archive}`] : [];
}
