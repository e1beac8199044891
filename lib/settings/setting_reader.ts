/**
 * Reads settings from the environment, and from the files that it names.
 *
 * Errors name the variable and never its value: a password ends up in the wrong variable sooner or later. So they have no cause
 * either: the system's own message names the file, and thus the value.
 *
 * @module
 */

import { type PipelineErrorOptions, UsageError } from "../base/errors.ts";
import { Secret } from "../base/secret.ts";
import { decodeUtf8 } from "../base/utf8.ts";

/** How settings are read; by Deno's own functions where it doesn't say. */
export interface SettingSource {
  /** Reads an environment variable. An empty value counts as unset. */
  readonly env?: (name: string) => string | undefined;
  /** Reads a file that a variable names. */
  readonly file?: (path: string) => Uint8Array;
  /** Reads a file's permissions, as in `chmod`; null if the system has none. Without it, they are read only where `file` is not set. */
  readonly mode?: (path: string) => number | null;
}

const READABLE_BY_OTHERS = 0o044;

/** Reads settings from the environment, and from the files that it names. */
export class SettingReader {
  readonly #source: Required<SettingSource>;
  readonly #exposed = new Set<string>();

  constructor({ env, file, mode }: SettingSource = {}) {
    this.#source = {
      env: env ?? ((name) => Deno.env.get(name)),
      file: file ?? ((path) => Deno.readFileSync(path)),
      mode: mode ?? (file ? () => null : (path) => Deno.statSync(path).mode),
    };
  }

  /** A sentence for each file with a secret that other users of the machine can read. */
  get warnings(): string[] {
    return [...this.#exposed].map((name) =>
      `Warning: the file that ${name} names can be read by other users of this machine. Give only its owner the right: chmod 600.`
    );
  }

  /** Reads a variable; undefined if it is not set or empty. */
  text(name: string): string | undefined {
    return this.#source.env(name) || undefined;
  }

  /**
   * Reads a variable that takes one of a few values, in any case.
   *
   * @throws {UsageError} If it has another value, which the message doesn't show.
   */
  choice<T extends string>(
    name: string,
    choices: readonly T[],
  ): T | undefined {
    const value = this.text(name)?.toUpperCase();
    const found = choices.find((choice) => choice === value);
    if (value === undefined || found !== undefined) return found;
    throw new UsageError(`${name} takes one of ${choices.join(", ")}`);
  }

  /**
   * Reads the file that a variable names: its text without one line break at its end; undefined if the variable isn't set.
   *
   * @throws {UsageError} If the file can't be read, is empty, or isn't UTF-8.
   */
  file(name: string): string | undefined {
    const path = this.text(name);
    if (path === undefined) return undefined;
    let bytes: Uint8Array;
    try {
      bytes = this.#source.file(path);
    } catch (error) {
      throw explainUnreadable(name, error);
    }
    const text = decodeUtf8(bytes)?.replace(/\r?\n$/, "");
    if (text === undefined) {
      throw new UsageError(`The file that ${name} names is not UTF-8`);
    }
    if (text === "") {
      throw new UsageError(`The file that ${name} names is empty`);
    }
    return text;
  }

  /** Reads the file as {@linkcode SettingReader.file} does, and notes whether others can read it. */
  secretFile(name: string): string | undefined {
    const text = this.file(name);
    const path = this.text(name);
    if (path !== undefined) {
      const mode = this.#source.mode(path) ?? 0;
      if (mode & READABLE_BY_OTHERS) this.#exposed.add(name);
    }
    return text;
  }

  /**
   * Reads a secret from a variable, or from the file that another variable names, the same with `_FILE`.
   *
   * @throws {UsageError} If both are set, or the file can't be used.
   */
  secret(name: string): Secret | undefined {
    const [first, second] = this.given([name, `${name}_FILE`]);
    if (second !== undefined) {
      throw new UsageError(`${first} and ${second} are both set`, {
        hint: "Keep one of them.",
      });
    }
    const text = this.text(name) ?? this.secretFile(`${name}_FILE`);
    return text === undefined ? undefined : new Secret(text);
  }

  given(names: readonly string[]): string[] {
    return names.filter((name) => this.text(name) !== undefined);
  }

  /** Refuses settings that would be left unused, with the reason: the connection would be less safe than they suggest. */
  refuse(
    names: readonly string[],
    { reason, ...options }: PipelineErrorOptions & { readonly reason: string },
  ): void {
    const [unused] = this.given(names);
    if (unused === undefined) return;
    throw new UsageError(`${unused} is set, and ${reason}`, options);
  }
}

function explainUnreadable(name: string, error: unknown): UsageError {
  if (error instanceof Deno.errors.NotCapable) {
    return new UsageError(
      `No permission to read the file that ${name} names`,
      { code: "setting-file-permission" },
    );
  }
  if (error instanceof Deno.errors.NotFound) {
    return new UsageError(`The file that ${name} names does not exist`, {
      code: "setting-file-missing",
    });
  }
  const kind = error instanceof Error ? error.name : "unknown error";
  return new UsageError(`The file that ${name} names can't be read: ${kind}`);
}
