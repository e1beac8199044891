/**
 * `deno task doctor` on a busy machine.
 *
 * @module
 */

const ATTEMPTS_COUNT = 5;

/**
 * Runs doctor again while Kafka or the registry takes longer to answer than doctor waits, as on a busy machine.
 *
 * @param ask Runs doctor.
 * @returns What it found at last.
 */
export async function untilAnswered<T extends { readonly stdout: string }>(
  ask: () => Promise<T>,
): Promise<T> {
  for (let attempt = 1;; attempt++) {
    const result = await ask();
    const isLate = /does not answer|No answer within/.test(result.stdout);
    if (!isLate || attempt === ATTEMPTS_COUNT) return result;
  }
}
