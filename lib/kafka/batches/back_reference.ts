/**
 * The copy that Snappy and LZ4 have in common: bytes that were already written come again.
 *
 * @module
 */

/** Up to this length a loop is quicker than a call of `copyWithin`, in bytes. */
const SHORT_COPY = 24;

/**
 * Repeats bytes of a buffer. The copy may overlap what it reads: with an offset of 1 the last byte is repeated.
 *
 * @param bytes The buffer.
 * @param at Where to write.
 * @param offset How many bytes before that to read from, 1 or more.
 * @param length How many bytes to write.
 */
export function repeatBytes(
  bytes: Uint8Array,
  at: number,
  offset: number,
  length: number,
): void {
  const end = at + length;
  if (length <= SHORT_COPY) {
    for (let to = at; to < end; to++) bytes[to] = bytes[to - offset] as number;
    return;
  }
  // What has been written doubles what can be copied next without overlap.
  const from = at - offset;
  for (let to = at; to < end;) {
    const count = Math.min(to - from, end - to);
    bytes.copyWithin(to, from, from + count);
    to += count;
  }
}
