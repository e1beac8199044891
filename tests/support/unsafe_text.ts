/**
 * Text that a terminal would obey, and how it is shown.
 *
 * @module
 */

/** Characters that a terminal would obey, hide or trip over, and how each is shown. */
export const UNSAFE: readonly [string, string][] = [
  ["\u001b[2J", "\\u001b[2J"],
  ["\r", "\\u000d"],
  ["\n", "\\u000a"],
  ["\t", "\\u0009"],
  ["\b", "\\u0008"],
  ["\u0007", "\\u0007"],
  ["\0", "\\u0000"],
  ["\u007f", "\\u007f"],
  ["\u009b31m", "\\u009b31m"],
  ["\u0085", "\\u0085"],
  ["\u2028", "\\u2028"],
  ["\u2029", "\\u2029"],
  ["\u061c", "\\u061c"],
  ["\u200e", "\\u200e"],
  ["\u200f", "\\u200f"],
  ["\u202a", "\\u202a"],
  ["\u202e", "\\u202e"],
  ["\u2066", "\\u2066"],
  ["\u2069", "\\u2069"],
  ["\ufeff", "\\ufeff"],
  ["\ud800", "\\ud800"],
  ["\udfff", "\\udfff"],
];

/**
 * Tells whether a terminal would obey any of a text, line feeds apart. Written apart from the code under test.
 *
 * @param text The text.
 * @returns Whether it would.
 */
export function isObeyed(text: string): boolean {
  return Array.from(text, (character) => character.codePointAt(0) ?? 0).some((
    code,
  ) =>
    (code < 0x20 && code !== 0x0a) || (code >= 0x7f && code < 0xa0) ||
    (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069)
  );
}

/** All of them, among characters that JSON escapes. */
export const EVIL: string = UNSAFE.map(([unsafe]) => unsafe).join("\\\"'{");
