/**
 * Which known word a mistyped one was meant to be.
 *
 * @module
 */

/** How many letters have to be inserted, removed or replaced to make one word of the other. */
function distance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      row[j] = Math.min(
        (above[j] ?? 0) + 1,
        (row[j - 1] ?? 0) + 1,
        (above[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1),
      );
    }
    above = row;
  }
  return above[b.length] ?? 0;
}

/**
 * Finds the word that a mistyped one was meant to be: the most similar one; undefined if more than a third of the letters differ
 * from each, or all of them.
 */
export function closestTo(
  word: string,
  known: readonly string[],
): string | undefined {
  let closest: string | undefined;
  let least = Math.min(Math.ceil(word.length / 3) + 1, word.length);
  for (const candidate of known) {
    const letters = distance(word.toLowerCase(), candidate.toLowerCase());
    if (letters < least) [closest, least] = [candidate, letters];
  }
  return closest;
}
