/**
 * One process at a time: a lock on a file, which the system lets go when its holder dies.
 *
 * @module
 */

/**
 * Does something while no other process, nor another call in this one, does it.
 *
 * @param path The file for the lock. Its folder must be there; the file stays.
 * @param action What to do.
 * @param onWait Called if the lock is held by another and this call has to wait.
 * @returns What the action returns.
 */
export async function withLock<T>(
  path: string,
  action: () => Promise<T>,
  onWait: () => void = () => {},
): Promise<T> {
  const file = await Deno.open(path, { create: true, write: true });
  const timer = setTimeout(onWait, 1_000);
  try {
    await file.lock(true);
    clearTimeout(timer);
    return await action();
  } finally {
    clearTimeout(timer);
    file.close();
  }
}
