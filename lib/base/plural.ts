/**
 * Nouns for a number of things.
 *
 * @module
 */

/**
 * Writes a number of things.
 *
 * @param noun The noun in the singular.
 * @returns Such as `1 message` or `2 messages`.
 */
export function counted(count: number | bigint, noun: string): string {
  return `${count} ${plural(count, noun)}`;
}

/**
 * Writes a noun for a number of things.
 *
 * @param noun The noun in the singular.
 * @returns The noun, with an s unless there is one.
 */
export function plural(count: number | bigint, noun: string): string {
  return Number(count) === 1 ? noun : `${noun}s`;
}
