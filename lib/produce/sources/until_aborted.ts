/**
 * Iterates over a source that a stop has to end.
 *
 * @module
 */

/** Iterates until a signal is aborted, also while the source yields nothing. The source is closed, but not waited for after an abort. */
export async function* untilAborted<T>(
  source: Iterable<T> | AsyncIterable<T>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Awaited<T>, void, undefined> {
  const items = Symbol.asyncIterator in source
    ? source[Symbol.asyncIterator]()
    : source[Symbol.iterator]();
  // One listener for all items: a race against one promise for each would keep every item's reaction in memory.
  let abort = () => {};
  const onAbort = () => abort();
  signal?.addEventListener("abort", onAbort);
  try {
    while (!signal?.aborted) {
      const aborted = new Promise<undefined>((resolve) => {
        abort = () => resolve(undefined);
      });
      const next = await Promise.race([items.next(), aborted]);
      if (!next || next.done) return;
      yield await next.value;
    }
  } finally {
    signal?.removeEventListener("abort", onAbort);
    const closed = Promise.try(() => items.return?.());
    if (signal?.aborted) closed.catch(() => {});
    else await closed;
  }
}
