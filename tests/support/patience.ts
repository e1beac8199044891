/**
 * How long tests wait for what has to come.
 *
 * @module
 */

/**
 * After how long a test gives up, in milliseconds. Only a test that fails waits for so long, so it is more than the busiest machine
 * needs: a shorter limit tells how busy the machine is, and nothing of the program.
 */
export const PATIENCE_MS = 180_000;

/** After how long a program ends that runs beside a whole test, with all of its waits, in milliseconds. */
export const TEST_MS = 3 * PATIENCE_MS;

/**
 * How long a stop may take in a test, in milliseconds. The program's own limits end it within 10 s on a machine that has time for it;
 * a program without them would wait for kafkajs, which takes 30 s.
 */
export const STOP_LIMIT_MS = 25_000;
