/**
 * A day that can be repeated: its weather, and when people come.
 *
 * @module
 */

import { type RandomSource, randomSource, seedOf } from "./random.ts";

/** Which day. The same options give the same day. */
export interface DayOptions {
  readonly seed: number;
  readonly date: Temporal.PlainDate;
  /** Where the day begins at midnight: a name such as `America/Toronto`. By default: the machine's. */
  readonly timeZone?: string;
}

/** The weather of a day. */
export interface Weather {
  /** The highest temperature, in degrees Celsius. */
  readonly celsius: number;
  readonly isWet: boolean;
}

/** The mean of the highest temperatures of a year, and how far summer and winter are from it, in degrees Celsius. */
const YEAR_CELSIUS = { mean: 11, amplitude: 13 } as const;
/** The day of the year on which the temperature rises through the mean. */
const SPRING_DAY = 110;
/** How far a day is from its season at most, in degrees Celsius. */
const DEVIATION_CELSIUS = 8;
const WET_SHARE = 0.3;

/** Makes the generator of random numbers for something about a day: each purpose has numbers of its own. */
export function randomOfDay(
  { seed, date }: DayOptions,
  purpose: string,
): RandomSource {
  return randomSource(seedOf(`${seed} ${date} ${purpose}`));
}

/** Tells the weather of a day, which goes with the season of Canada. */
export function weatherOf(options: DayOptions): Weather {
  const random = randomOfDay(options, "weather");
  const { dayOfYear, daysInYear } = options.date;
  const season = Math.sin(2 * Math.PI * (dayOfYear - SPRING_DAY) / daysInYear);
  // The sum of two draws: days near the season's mean are the most frequent.
  const deviation = random.share() + random.share() - 1;
  const { mean, amplitude } = YEAR_CELSIUS;
  const celsius = mean + amplitude * season + DEVIATION_CELSIUS * deviation;
  return {
    // Not -0.
    celsius: Math.round(celsius) + 0,
    isWet: random.share() < WET_SHARE,
  };
}

/**
 * Draws when people come in a day: independently of each other, by a rate that changes with the hour (a Poisson process).
 *
 * @param hourly How many come in an hour, at the beginning of each of 24; between two hours, the rate goes from one to the other.
 * @returns The times, in milliseconds since the epoch.
 */
export function* arrivals(
  options: DayOptions,
  hourly: readonly number[],
): Generator<number, void, undefined> {
  const { date, timeZone = Temporal.Now.timeZoneId() } = options;
  const random = randomOfDay(options, "arrivals");
  const midnight = (day: Temporal.PlainDate) =>
    day.toZonedDateTime(timeZone).epochMilliseconds;
  const startMs = midnight(date);
  // A day on which the clocks change is shorter or longer; its curve is so too.
  const hourMs = (midnight(date.add({ days: 1 })) - startMs) / hourly.length;
  const rateAt = (hour: number) => {
    const whole = Math.floor(hour);
    const from = hourly[whole] ?? 0;
    const to = hourly[(whole + 1) % hourly.length] ?? 0;
    return from + (to - from) * (hour - whole);
  };
  // People are drawn at the highest rate, and as many are left out as the hour's own rate is lower.
  const highest = Math.max(...hourly);
  for (let hour = 0;;) {
    hour -= Math.log(1 - random.share()) / highest;
    if (hour >= hourly.length) return;
    if (random.share() * highest >= rateAt(hour)) continue;
    yield Math.floor(startMs + hour * hourMs);
  }
}
