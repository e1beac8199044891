/**
 * The UUIDs with a fixed meaning that RFC 9562 names.
 *
 * @module
 */

/** The nil UUID: all zeros. */
export const NIL_UUID = "00000000-0000-0000-0000-000000000000";

/** The namespace for names that are domain names. */
export const NAMESPACE_DNS = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";

/** The namespace for names that are URLs. */
export const NAMESPACE_URL = "6ba7b811-9dad-11d1-80b4-00c04fd430c8";
