/**
 * UUIDs of version 4, made of random bits; `crypto.randomUUID()` generates them.
 *
 * @module
 */

const UUID_V4 =
  /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;

/**
 * Determines whether a text is a UUID of version 4.
 *
 * @param id The text to test.
 * @returns `true` if it is.
 */
export function validate(
  id: string,
): id is ReturnType<typeof crypto.randomUUID> {
  return UUID_V4.test(id);
}
