/**
 * Text of messages and servers, made safe for a terminal.
 *
 * @module
 */

/** The longest text of a message that is shown in one piece, in UTF-16 units. */
const MAX_SHOWN = 1_000;

// Control characters move the cursor or start escape sequences; bidi marks reorder what is read (CVE-2021-42574); line and
// paragraph separators break lines; a BOM is invisible; a lone surrogate isn't text.
const UNSAFE =
  /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu;

/** Writes control characters and bidi marks as `\u001b`: in JSON it is still the same value. */
export function escapeUnsafe(text: string): string {
  return text.replace(
    UNSAFE,
    (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Escapes what {@linkcode escapeUnsafe} does, and leaves line breaks. */
export function escapeLines(text: string): string {
  return text.split("\n").map(escapeUnsafe).join("\n");
}

/** Cuts a text where it is longer than that, in UTF-16 units. */
export function shorten(text: string, maxLength: number): string {
  return text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;
}

/** Makes text of a message safe to print: escaped, and cut where it is very long. */
export function printable(text: string): string {
  const cut = text.length > MAX_SHOWN
    ? `${text.slice(0, MAX_SHOWN)}… (${text.length} characters)`
    : text;
  return escapeUnsafe(cut);
}
