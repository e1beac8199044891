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
 * @param late What doctor says of what is late: by default also that there is no Kafka, or no registry.
 * @returns What it found at last.
 */
export async function untilAnswered<T extends { readonly stdout: string }>(
  ask: () => Promise<T>,
  late =
    /does not answer|No answer within|^BROKEN {2}(?:brokers|cluster|registry): /m,
): Promise<T> {
  for (let attempt = 1;; attempt++) {
    const result = await ask();
    const isLate = late.test(result.stdout);
    if (!isLate || attempt === ATTEMPTS_COUNT) return result;
  }
}
