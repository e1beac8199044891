/**
 * Random numbers for generated events: repeatable with a seed.
 *
 * @module
 */

/** Gives the next 32 random bits as an unsigned number. */
type Random = () => number;

const systemRandom: Random = () => Math.random() * 2 ** 32 >>> 0;

/** Mulberry32: 32 bits of state suffice for generated events, and a seed gives the same ones everywhere. */
function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

/** Makes a seed of a text (FNV-1a), so that what has a name has random numbers of its own. Returns the seed, of 32 bits. */
export function seedOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) {
    hash = Math.imul(hash ^ byte, 0x01000193);
  }
  return hash >>> 0;
}

/** A version 4 UUID (RFC 9562, section 5.4) of the generator's own randomness, so that a seed repeats the ids too. */
function uuidV4(random: Random): string {
  const hex = (bits: number) => bits.toString(16).padStart(8, "0");
  const version = (random() & 0xffff_0fff | 0x4000) >>> 0;
  const variant = (random() & 0x3fff_ffff | 0x8000_0000) >>> 0;
  const text = hex(random()) + hex(version) + hex(variant) + hex(random());
  return text.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** Writes the current time. Events of one millisecond share the text: writing one for each takes 8 % of a producer's time. */
function clock(): () => string {
  let writtenAt = NaN;
  let text = "";
  return () => {
    const now = Date.now();
    if (now !== writtenAt) {
      text = new Date(now).toISOString();
      writtenAt = now;
    }
    return text;
  };
}

/** What a generator of events draws from. */
export type RandomSource = ReturnType<typeof randomSource>;

/** Makes a source of randomness. A seed repeats what is drawn, but for the times. */
export function randomSource(seed: number | undefined) {
  const random = seed === undefined ? systemRandom : seededRandom(seed);
  /** Draws a whole number from 0 to `count` - 1. */
  const below = (count: number) => random() % count;
  return {
    below,
    pick: <T>(list: readonly T[]) => list[below(list.length)] as T,
    /** Draws a number from 0 to below 1. */
    share: () => random() / 2 ** 32,
    /** Makes a UUID (version 4). */
    uuid: () => seed === undefined ? crypto.randomUUID() : uuidV4(random),
    /** Writes the current time, in ISO 8601, in UTC. */
    now: clock(),
  };
}
