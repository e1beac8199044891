/**
 * A password from a file that a flag names.
 *
 * @module
 */

import { UsageError } from "../base/errors.ts";
import { Secret } from "../base/secret.ts";
import { SettingReader } from "../settings/setting_reader.ts";

/** The flag, as messages name it. */
const FLAG = "--password-file";
/** How long a password is at least, in characters: others may try to guess it. */
const MIN_LENGTH = 8;

/**
 * Reads the password that the page asks for.
 *
 * @throws {UsageError} If the file can't be used, or the password is short.
 */
export function readPasswordFile(
  path: string,
  warn: (line: string) => void,
): Secret {
  const reader = new SettingReader({ env: () => path });
  const text = reader.secretFile(FLAG) ?? "";
  if (text.length < MIN_LENGTH || text.includes("\n")) {
    throw new UsageError(
      `The file that ${FLAG} names has to hold one line of ${MIN_LENGTH} characters or more`,
    );
  }
  for (const line of reader.warnings) warn(line);
  return new Secret(text);
}
