/**
 * The results of a benchmark, for a person and for a program.
 *
 * @module
 */

import type { Results, Series, Table } from "./results.ts";
import { ratio, summarize, type Summary } from "./statistics.ts";

/** A row as it is shown. */
export interface ReportRow {
  /** The contender. */
  readonly title: string;
  /** How many runs count. */
  readonly runs: number;
  /** Median and spread; nothing where no run counts. */
  readonly summary?: Summary;
  /** How many times as large the first row's median is; nothing for the first row itself. */
  readonly firstOverThis?: number;
}

/**
 * Sums up a table's rows and compares the first one with the others.
 *
 * @param rows The rows.
 * @returns The same rows, as they are shown.
 */
export function reportRows(rows: readonly Series[]): ReportRow[] {
  const [first] = rows;
  const base = first && first.values.length > 0
    ? summarize(first.values).median
    : undefined;
  return rows.map(({ title, values }, i) => {
    if (values.length === 0) return { title, runs: 0 };
    const summary = summarize(values);
    const times = base === undefined || i === 0
      ? undefined
      : ratio(base, summary.median);
    return {
      title,
      runs: values.length,
      summary,
      ...(times === undefined ? {} : { firstOverThis: times }),
    };
  });
}

function numberText(value: number, decimals: number): string {
  return value.toLocaleString("en", {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
}

/**
 * Writes a ratio.
 *
 * @param value The ratio.
 * @returns Three digits of it that count.
 */
export function ratioText(value: number): string {
  return `${
    value.toLocaleString("en", {
      maximumSignificantDigits: value < 1_000 ? 3 : 4,
      minimumSignificantDigits: value < 100 ? 2 : 1,
    })
  } ×`;
}

function tableLines(table: Table): string[] {
  const { title, unit, decimals, rows } = table;
  const cells = [
    ["", unit, "min – max", "first ÷ this"],
    ...reportRows(rows).map(({ title, summary, firstOverThis }) =>
      summary
        ? [
          title,
          numberText(summary.median, decimals),
          `${numberText(summary.min, decimals)} – ${
            numberText(summary.max, decimals)
          }`,
          firstOverThis === undefined ? "" : ratioText(firstOverThis),
        ]
        : [title, "no run counts", "", ""]
    ),
  ];
  const widths = [0, 1, 2, 3].map((column) =>
    Math.max(...cells.map((row) => row[column]?.length ?? 0))
  );
  const lines = cells.map((row) =>
    row.map((cell, column) =>
      column === 0
        ? cell.padEnd(widths[column] ?? 0)
        : cell.padStart(widths[column] ?? 0)
    ).join("  ").trimEnd()
  );
  return [title, ...lines.map((line) => `  ${line}`), ""];
}

/**
 * Writes the results for a person.
 *
 * @param results The results.
 * @returns The text.
 */
export function reportText(results: Results): string {
  const { machine, tables, leftOut, voids } = results;
  return [
    ...Object.entries(machine).map(([name, fact]) => `${name}: ${fact}`),
    "Medians of all rounds, with the lowest and the highest.",
    "",
    ...tables.flatMap(tableLines),
    ...leftOut.map(({ title, reason }) => `Left out: ${title} (${reason})`),
    ...voids.map(({ what, reason }) => `Does not count: ${what}: ${reason}`),
  ].join("\n").trimEnd();
}

/**
 * Writes the results for a program.
 *
 * @param results The results.
 * @returns JSON: every measurement, and what the text shows of them.
 */
export function reportJson(results: Results): string {
  const tables = results.tables.map((table) => ({
    ...table,
    rows: reportRows(table.rows).map((row, i) => ({
      ...row,
      values: table.rows[i]?.values,
    })),
  }));
  return JSON.stringify({ ...results, tables });
}
