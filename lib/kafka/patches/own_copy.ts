/**
 * A copy of kafkajs that only this project uses, so that patching it changes nothing for other code of the same process, and
 * nothing that other code loaded before gets in the way.
 *
 * kafkajs is CommonJS with no `exports` field: each of its files can be loaded, and replaced before others load it. It loads
 * some of its files late, at their first use, so each module's `require` is replaced too.
 *
 * @module
 */

import Module, { createRequire } from "node:module";

interface LoadedModule {
  exports: unknown;
  require(id: string): unknown;
}

const cache = (Module as unknown as {
  readonly _cache: Record<string, LoadedModule>;
})._cache;

/** One copy of kafkajs. */
export class OwnCopy {
  readonly #folder: string;
  readonly #require: (id: string) => unknown;
  readonly #modules = new Map<string, LoadedModule>();

  private constructor(folder: string) {
    this.#folder = folder;
    this.#require = createRequire(`${folder}index.js`);
  }

  /** Makes a copy. Nothing of it is loaded yet. */
  static async make(): Promise<OwnCopy> {
    // One small file, which reads nothing from the environment, shows where the package is.
    const { default: constants } = await import(
      "npm:kafkajs@2.2.4/src/constants.js"
    );
    for (const [file, { exports }] of Object.entries(cache)) {
      // Another version may be there as well.
      if (exports !== constants) continue;
      return new OwnCopy(file.replace(/src[\\/]constants\.js$/, ""));
    }
    throw new Error("The files of kafkajs can't be found");
  }

  /** Loads a file, by its path from the package's folder: `src/errors.js`. */
  load<T>(path: string): T {
    return this.#apart(() => this.#require(this.#folder + path)) as T;
  }

  /** Replaces what a file exports, for those files that are loaded later. */
  replace(path: string, replacement: unknown): void {
    this.load(path);
    const file = [...this.#modules.keys()].find((file) =>
      file.replaceAll("\\", "/").endsWith(`/${path}`)
    );
    const loaded = this.#modules.get(file ?? "");
    if (!loaded) throw new Error(`kafkajs has no file ${path}`);
    loaded.exports = replacement;
  }

  /** Runs work with this copy's modules in the cache, and puts back what others have there. */
  #apart<T>(work: () => T): T {
    const others = this.#takeFromCache();
    for (const [file, module] of this.#modules) cache[file] = module;
    try {
      return work();
    } finally {
      for (const [file, module] of this.#takeFromCache()) {
        if (!this.#modules.has(file)) this.#adopt(file, module);
      }
      for (const [file, module] of others) cache[file] = module;
    }
  }

  #takeFromCache(): Map<string, LoadedModule> {
    const taken = new Map<string, LoadedModule>();
    for (const [file, module] of Object.entries(cache)) {
      if (!file.startsWith(this.#folder)) continue;
      taken.set(file, module);
      delete cache[file];
    }
    return taken;
  }

  #adopt(file: string, module: LoadedModule): void {
    this.#modules.set(file, module);
    const original = module.require;
    // kafkajs requires the files of a request each time it sends one.
    const required = new Map<string, unknown>();
    module.require = (id) => {
      const known = required.get(id);
      if (known !== undefined) return known;
      const loaded = this.#apart(() => original.call(module, id));
      required.set(id, loaded);
      return loaded;
    };
  }
}
