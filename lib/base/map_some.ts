/**
 * Work on many things, some at a time.
 *
 * @module
 */

const CONCURRENT_COUNT = 8;

/** Does a piece of work for each item, eight at a time. Returns the results in the items' sequence. */
export async function mapSome<T, R>(
  items: readonly T[],
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += CONCURRENT_COUNT) {
    const some = items.slice(at, at + CONCURRENT_COUNT);
    results.push(...await Promise.all(some.map(work)));
  }
  return results;
}
