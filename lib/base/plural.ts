/**
 * Nouns for a number of things.
 *
 * @module
 */

/** Writes a number of things, such as `1 message` or `2 messages`. */
export function counted(count: number | bigint, noun: string): string {
  return `${count} ${plural(count, noun)}`;
}

/** Writes a noun with an s unless there is one thing. */
export function plural(count: number | bigint, noun: string): string {
  return Number(count) === 1 ? noun : `${noun}s`;
}
