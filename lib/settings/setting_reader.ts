/**
 * Reads settings from the environment, and from the files that it names.
 *
 * What is wrong with a setting is told by the variable's name and never by its value: a password ends up in the wrong variable
 * sooner or later. So no error has a cause either, since the system's own words name the file, and thus the value.
 *
 * @module
 */

import { UsageError } from "../base/errors.ts";
import { Secret } from "../base/secret.ts";

/** Reads a variable; nothing where it isn't set. */
export type ReadVariable = (name: string) => string | undefined;

/** Reads a file's bytes. */
export type ReadFile = (path: string) => Uint8Array;

/** Reads settings from the environment, and from the files that it names. */
export class SettingReader {
  readonly #variable: ReadVariable;
  readonly #file: ReadFile;

  /**
   * Makes the reader. It reads nothing yet.
   *
   * @param variable Reads a variable.
   * @param file Reads a file.
   */
  constructor(variable: ReadVariable, file: ReadFile) {
    this.#variable = variable;
    this.#file = file;
  }

  /**
   * Reads a variable.
   *
   * @param name Its name.
   * @returns Its value. An empty one counts as none.
   */
  text(name: string): string | undefined {
    return this.#variable(name) || undefined;
  }

  /**
   * Reads the file that a variable names.
   *
   * @param name The variable's name.
   * @returns The file's text, without one line break at its end; nothing where the variable isn't set.
   * @throws {UsageError} If the file can't be read, holds nothing, or isn't UTF-8.
   */
  file(name: string): string | undefined {
    const path = this.text(name);
    if (path === undefined) return undefined;
    let bytes: Uint8Array;
    try {
      bytes = this.#file(path);
    } catch (error) {
      throw explainUnreadable(name, error);
    }
    let text: string;
    try {
      const decoder = new TextDecoder("utf-8", {
        fatal: true,
        ignoreBOM: true,
      });
      text = decoder.decode(bytes).replace(/\r?\n$/, "");
    } catch {
      throw new UsageError(`The file that ${name} names is not UTF-8`);
    }
    if (text === "") {
      throw new UsageError(`The file that ${name} names holds nothing`);
    }
    return text;
  }

  /**
   * Reads a secret, which stands in a variable or in the file that another variable names.
   *
   * @param name The variable's name; that of the other is the same with `_FILE`.
   * @returns The secret; nothing where neither variable is set.
   * @throws {UsageError} If both are set, or the file can't be used.
   */
  secret(name: string): Secret | undefined {
    this.onlyOneOf([name, `${name}_FILE`]);
    const text = this.text(name) ?? this.file(`${name}_FILE`);
    return text === undefined ? undefined : new Secret(text);
  }

  /**
   * Tells which of some variables are set.
   *
   * @param names Their names.
   * @returns The names of those that are.
   */
  given(names: readonly string[]): string[] {
    return names.filter((name) => this.text(name) !== undefined);
  }

  /**
   * Refuses settings that contradict each other.
   *
   * @param names The variables' names.
   * @throws {UsageError} If more than one of them is set.
   */
  onlyOneOf(names: readonly string[]): void {
    const [first, second] = this.given(names);
    if (second === undefined) return;
    throw new UsageError(`${first} and ${second} are both set`, {
      hint: "Keep one of them.",
    });
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
