/**
 * What holds for a UUID of any version.
 *
 * @module
 */

const UUID =
  /^(?:[0-9a-f]{8}-[0-9a-f]{4}-[1-7][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}|0{8}-0{4}-0{4}-0{4}-0{12})$/i;

/**
 * Tells whether a text is a UUID: the nil UUID, or one of a known version.
 *
 * @param uuid The text to test.
 * @returns `true` if it is.
 */
export function validate(uuid: string): boolean {
  return UUID.test(uuid);
}

/**
 * Reads the version of a UUID.
 *
 * @param uuid The UUID.
 * @returns Its version, 0 for the nil UUID.
 * @throws {TypeError} If the text is not a UUID.
 */
export function version(uuid: string): number {
  if (!validate(uuid)) {
    throw new TypeError(`Cannot detect UUID version: received ${uuid}`);
  }
  return Number.parseInt(uuid.charAt(14), 16);
}
