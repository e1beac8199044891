/**
 * Values that must not appear on a screen or in a log: passwords, tokens and private keys.
 *
 * @module
 */

const SHOWN = "[secret]";

/** A text that is used and never shown: printed, logged or turned into JSON, it is `[secret]`. */
export class Secret {
  readonly #value: string;

  /**
   * Wraps a text.
   *
   * @param value The text.
   */
  constructor(value: string) {
    this.#value = value;
  }

  /**
   * Returns the text, for sending.
   *
   * @returns The text.
   */
  reveal(): string {
    return this.#value;
  }

  /**
   * Stands in for the text.
   *
   * @returns `[secret]`.
   */
  toString(): string {
    return SHOWN;
  }

  /**
   * Stands in for the text.
   *
   * @returns `[secret]`.
   */
  toJSON(): string {
    return SHOWN;
  }

  /**
   * Stands in for the text where Deno shows an object.
   *
   * @returns `[secret]`.
   */
  [Symbol.for("Deno.customInspect")](): string {
    return SHOWN;
  }

  /**
   * Stands in for the text where Node's modules show an object.
   *
   * @returns `[secret]`.
   */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return SHOWN;
  }
}

/** Encodes a text in base64, as a header or a library's dump may show it. */
function base64Of(text: string): string {
  return new TextEncoder().encode(text).toBase64();
}

/**
 * Removes secrets from a text that a server or a library wrote: some servers repeat what they were sent.
 *
 * @param secrets The secrets; undefined ones are ignored.
 * @returns The text, with `[secret]` in place of each secret and of its base64.
 */
export function redact(
  text: string,
  secrets: readonly (Secret | undefined)[],
): string {
  const values = secrets.flatMap((secret) => {
    const value = secret?.reveal();
    return value ? [value, base64Of(value)] : [];
  });
  // The longest first: a secret that contains another must not remain in part.
  values.sort((a, b) => b.length - a.length);
  return values.reduce((left, value) => left.replaceAll(value, SHOWN), text);
}
