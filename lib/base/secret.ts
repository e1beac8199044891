/**
 * Values that must not appear on a screen or in a log: passwords, tokens and private keys.
 *
 * @module
 */

const SHOWN = "[secret]";

/** A text that is used and never shown: printed, logged or turned into JSON, it is `[secret]`. */
export class Secret {
  readonly #value: string;

  /** Wraps a text. */
  constructor(value: string) {
    this.#value = value;
  }

  /** Returns the text, for sending. */
  reveal(): string {
    return this.#value;
  }

  /** Stands in for the text. */
  toString(): string {
    return SHOWN;
  }

  /** Stands in for the text. */
  toJSON(): string {
    return SHOWN;
  }

  /** Stands in for the text where Deno shows an object. */
  [Symbol.for("Deno.customInspect")](): string {
    return SHOWN;
  }

  /** Stands in for the text where Node's modules show an object. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return SHOWN;
  }
}

/** Encodes a text in base64, as a header or a library's dump may show it. */
function base64Of(text: string): string {
  return new TextEncoder().encode(text).toBase64();
}

/** Puts `[secret]` in place of each secret, and of its base64, in a text that a server or a library wrote. */
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
