/**
 * Tables on standard output.
 *
 * @module
 */

import { printable } from "../base/terminal_text.ts";

/** A cell: numbers are aligned to the right; undefined is a number that is not known. */
export type Cell = string | number | bigint | undefined;

/** Lays out a table, with columns as wide as their widest cell. */
export function tableText(
  head: readonly string[],
  rows: readonly (readonly Cell[])[],
): string {
  const texts = [head, ...rows].map((row) =>
    row.map((cell) => printable(String(cell ?? "-")))
  );
  const widths = head.map((_, column) =>
    Math.max(...texts.map((row) => row[column]?.length ?? 0))
  );
  const isNumber = head.map((_, column) =>
    rows.length > 0 && rows.every((row) => typeof row[column] !== "string")
  );
  return texts.map((row) =>
    row.map((text, column) => {
      const width = widths[column] ?? 0;
      return isNumber[column] ? text.padStart(width) : text.padEnd(width);
    }).join("  ").trimEnd()
  ).join("\n");
}
