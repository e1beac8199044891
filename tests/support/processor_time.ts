/**
 * How long something takes, whatever else the machine does.
 *
 * @module
 */

import process from "node:process";

/**
 * Measures the processor's time that synchronous work takes. The time of a clock would be that of all that runs beside it.
 *
 * @param work The work.
 * @returns Milliseconds.
 */
export function processorMs(work: () => void): number {
  const before = process.threadCpuUsage();
  work();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1_000;
}
