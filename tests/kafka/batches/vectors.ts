/**
 * One text, compressed by the libraries that Kafka's clients use.
 *
 * @module
 */

/** The text, in UTF-8. */
export const TEXT: Uint8Array<ArrayBuffer> = new TextEncoder().encode(
  "Diana Martinez ordered 1x Espresso; Diana Martinez ordered 2x Espresso; " +
    "Charlie Davis ordered 2x Cold Brew. Zoë: " + "☕".repeat(20),
);

/** How the text was compressed. */
export interface Vector {
  /** The codec's number. */
  readonly codec: number;
  /** Which library wrote it. */
  readonly writer: string;
  /** The compressed text. */
  readonly data: Uint8Array<ArrayBuffer>;
}

function vector(codec: number, writer: string, base64: string): Vector {
  return { codec, writer, data: Uint8Array.fromBase64(base64) };
}

/** The text as each writer has it. */
export const VECTORS: readonly Vector[] = [
  vector(
    1,
    "gzip of Kafka 4.2.0",
    "H4sIAAAAAAAA/3PJTMxLVPBNLCrJzEutUsgvSkktSk1RMKxQcC0uKEotLs63VnDBrsYIWY1zRmJRTmaqgktiWWYxshLn/JwUBaei1HI9haj8w6utFB7NmEo2AgCaZyvQrgAAAA==",
  ),
  vector(
    2,
    "framed snappy of Kafka 4.2.0 (snappy-java 1.1.10.7)",
    "glNOQVBQWQAAAAABAAAAAQAAAFuuAZBEaWFuYSBNYXJ0aW5leiBvcmRlcmVkIDF4IEVzcHJlc3NvOyBEViQAADIuJAAwQ2hhcmxpZSBEYXZpcxVHWDJ4IENvbGQgQnJldy4gWm/Dqzog4piV4gMA",
  ),
  vector(
    2,
    "raw snappy",
    "rgGQRGlhbmEgTWFydGluZXogb3JkZXJlZCAxeCBFc3ByZXNzbzsgRFYkAAAyLiQAMENoYXJsaWUgRGF2aXMVR1gyeCBDb2xkIEJyZXcuIFpvw6s6IOKYleIDAA==",
  ),
  vector(
    3,
    "lz4 of Kafka 4.2.0",
    "BCJNGGBAgl8AAAD/FURpYW5hIE1hcnRpbmV6IG9yZGVyZWQgMXggRXNwcmVzc287ICQABBgyJADVQ2hhcmxpZSBEYXZpc0cA/wgyeCBDb2xkIEJyZXcuIFpvw6s6IOKYlQMAIVCYleKYlQAAAAA=",
  ),
  vector(
    3,
    "lz4 of liblz4 with its length and every checksum",
    "BCJNGHxArgAAAAAAAAAlXwAAAP8VRGlhbmEgTWFydGluZXogb3JkZXJlZCAxeCBFc3ByZXNzbzsgJAAEGDIkANVDaGFybGllIERhdmlzRwD/CDJ4IENvbGQgQnJldy4gWm/Dqzog4piVAwAhUJiV4piVx2RongAAAABDRKe7",
  ),
  vector(
    4,
    "zstd of Kafka 4.2.0 (zstd-jni 1.5.6)",
    "KLUv/QBYxAIAlAREaWFuYSBNYXJ0aW5leiBvcmRlcmVkIDF4IEVzcHJlc3NvOyAyQ2hhcmxpZSBEYXZpczJ4IENvbGQgQnJldy4gWm/Dqzog4piVBACtn0YJ2gOO8dSKDAEAAA==",
  ),
];

/**
 * Puts byte strings one behind the other.
 *
 * @param parts The byte strings.
 * @returns All of them.
 */
export function concat(
  ...parts: readonly (Uint8Array | readonly number[])[]
): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}
