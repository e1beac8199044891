/**
 * The difference of two texts, line by line.
 *
 * @module
 */

/**
 * A line of a difference.
 *
 * @typedef {object} Line
 * @property {"same" | "added" | "removed"} kind
 * @property {string} text
 */

/** Texts beyond so many pairs of lines are shown as wholly replaced, as comparing them takes long. */
const MAX_PAIRS = 4_000_000;

/**
 * Compares two texts.
 *
 * @param {string} before The older.
 * @param {string} after The newer.
 * @returns {Line[]} The lines of both, with the fewest that are added or removed.
 */
export function differenceOf(before, after) {
  const [old, now] = [before.split("\n"), after.split("\n")];
  let start = 0;
  while (
    start < old.length && start < now.length && old[start] === now[start]
  ) start++;
  let [oldEnd, nowEnd] = [old.length, now.length];
  while (
    oldEnd > start && nowEnd > start && old[oldEnd - 1] === now[nowEnd - 1]
  ) {
    oldEnd--;
    nowEnd--;
  }
  /** @param {readonly string[]} lines @param {Line["kind"]} kind */
  const as = (lines, kind) => lines.map((text) => ({ kind, text }));
  return [
    ...as(old.slice(0, start), "same"),
    ...middle(old.slice(start, oldEnd), now.slice(start, nowEnd)),
    ...as(old.slice(oldEnd), "same"),
  ];
}

/** @param {readonly string[]} old @param {readonly string[]} now @returns {Line[]} */
function middle(old, now) {
  if (old.length * now.length > MAX_PAIRS) {
    return [
      ...old.map((text) => /** @type {Line} */ ({ kind: "removed", text })),
      ...now.map((text) => /** @type {Line} */ ({ kind: "added", text })),
    ];
  }
  // How many lines the rests from here on have in common.
  const width = now.length + 1;
  const common = new Uint32Array((old.length + 1) * width);
  const at = (/** @type {number} */ i, /** @type {number} */ j) =>
    common[i * width + j] ?? 0;
  for (let i = old.length - 1; i >= 0; i--) {
    for (let j = now.length - 1; j >= 0; j--) {
      common[i * width + j] = old[i] === now[j]
        ? at(i + 1, j + 1) + 1
        : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  /** @type {Line[]} */
  const lines = [];
  let [i, j] = [0, 0];
  while (i < old.length || j < now.length) {
    if (i < old.length && j < now.length && old[i] === now[j]) {
      lines.push({ kind: "same", text: old[i++] ?? "" });
      j++;
    } else if (
      j >= now.length || i < old.length && at(i + 1, j) >= at(i, j + 1)
    ) {
      lines.push({ kind: "removed", text: old[i++] ?? "" });
    } else lines.push({ kind: "added", text: now[j++] ?? "" });
  }
  return lines;
}
