/**
 * What is made of repeated measurements: medians, spreads, percentiles, ratios.
 *
 * @module
 */

/** A series of measurements in short. */
export interface Summary {
  /** The median. */
  readonly median: number;
  /** The lowest. */
  readonly min: number;
  /** The highest. */
  readonly max: number;
}

function sorted(values: readonly number[]): Float64Array {
  if (values.length === 0) {
    throw new RangeError("There is nothing of no measurements");
  }
  // Of plain numbers an array's own sort makes text.
  return Float64Array.from(values).sort();
}

/**
 * Finds the median.
 *
 * @param values The measurements, in any order.
 * @returns The middle one; of an even number, the mean of the two in the middle.
 * @throws {RangeError} If there is none.
 */
export function median(values: readonly number[]): number {
  const all = sorted(values);
  const middle = all.length >> 1;
  const upper = all[middle] ?? NaN;
  return all.length % 2 === 1 ? upper : ((all[middle - 1] ?? NaN) + upper) / 2;
}

/**
 * Finds a percentile by nearest rank: a value that was measured, never one in between.
 *
 * @param values The measurements, in any order.
 * @param percent Which one: above 0, up to 100.
 * @returns The lowest measurement that at least so many percent of them do not exceed.
 * @throws {RangeError} If there is none, or the percentage is out of range.
 */
export function percentile(values: readonly number[], percent: number): number {
  if (!(percent > 0 && percent <= 100)) {
    throw new RangeError(
      `A percentile is above 0 and at most 100: ${percent}`,
    );
  }
  const all = sorted(values);
  return all[Math.ceil(percent / 100 * all.length - 1e-9) - 1] ?? NaN;
}

/**
 * Sums up a series.
 *
 * @param values The measurements, in any order.
 * @returns Their median and how far they spread.
 * @throws {RangeError} If there is none.
 */
export function summarize(values: readonly number[]): Summary {
  const all = sorted(values);
  return {
    median: median(values),
    min: all[0] ?? NaN,
    max: all.at(-1) ?? NaN,
  };
}

/**
 * Compares a measurement with another.
 *
 * @param value The one.
 * @param base What it is compared with.
 * @returns How many times as large it is; nothing where the other is zero.
 */
export function ratio(value: number, base: number): number | undefined {
  return base === 0 ? undefined : value / base;
}
