/**
 * Putting another module in the place of one of kafkajs' own.
 *
 * kafkajs has no seams where it needs mending. But it is CommonJS with no `exports` field: each of its files can be imported, and
 * what a file exports can be replaced as long as no other file has required it yet.
 *
 * @module
 */

import Module from "node:module";

interface CachedModule {
  exports: unknown;
}

const cache = (Module as unknown as {
  readonly _cache: Readonly<Record<string, CachedModule>>;
})._cache;

/**
 * Replaces what a file of kafkajs exports. It has to be imported, and the files that require it not yet.
 *
 * @param path The file, from the package's folder: `src/producer/groupMessagesPerPartition.js`.
 * @param replacement What it exports from now on.
 * @throws {Error} If the file is not loaded: another version of kafkajs, as a rule.
 */
export function replaceModule(path: string, replacement: unknown): void {
  const file = Object.keys(cache).find((name) =>
    name.replaceAll("\\", "/").includes("/kafkajs/") &&
    name.replaceAll("\\", "/").endsWith(`/${path}`)
  );
  const loaded = file === undefined ? undefined : cache[file];
  if (!loaded) throw new Error(`kafkajs has no such module loaded: ${path}`);
  loaded.exports = replacement;
}
