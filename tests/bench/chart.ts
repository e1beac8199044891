/**
 * The results of a benchmark as a picture: a panel of bars for each table, with a line from the lowest to the highest.
 *
 * @module
 */

import { reportRows } from "./report.ts";
import type { Table } from "./results.ts";

const WIDTH = 880;
const LABELS = 350;
const VALUES = 90;
const BARS = WIDTH - LABELS - VALUES;
const ROW = 26;
const TITLE = 40;
const MARGIN = 16;

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

function place(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function panel(table: Table, top: number): string[] {
  const rows = reportRows(table.rows);
  const highest = Math.max(...rows.map(({ summary }) => summary?.max ?? 0), 0);
  const scale = (value: number) => highest === 0 ? 0 : value / highest * BARS;
  const lines = [
    `<text class="title" x="${MARGIN}" y="${top + 24}">${
      escapeXml(`${table.title} (${table.unit})`)
    }</text>`,
  ];
  for (const [i, { title, summary }] of rows.entries()) {
    const y = top + TITLE + i * ROW;
    lines.push(
      `<text x="${LABELS - 10}" y="${y + 14}" text-anchor="end">${
        escapeXml(title)
      }</text>`,
    );
    if (!summary) continue;
    const { median, min, max } = summary;
    const middle = y + 9;
    lines.push(
      `<rect class="${i === 0 ? "first" : "other"}" x="${LABELS}" y="${y}" ` +
        `width="${place(Math.max(scale(median), 1))}" height="18" rx="2"/>`,
      `<path class="spread" d="M${place(LABELS + scale(min))} ${middle}H${
        place(LABELS + scale(max))
      }"/>`,
      `<text x="${place(LABELS + scale(max) + 8)}" y="${y + 14}">${
        median.toLocaleString("en", {
          minimumFractionDigits: table.decimals,
          maximumFractionDigits: table.decimals,
        })
      }</text>`,
    );
  }
  return lines;
}

/**
 * Draws tables.
 *
 * @param tables The tables.
 * @returns The picture, as SVG that is readable on a light page and on a dark one.
 */
export function chartSvg(tables: readonly Table[]): string {
  const lines: string[] = [];
  let top = 0;
  for (const table of tables) {
    lines.push(...panel(table, top));
    top += TITLE + table.rows.length * ROW + MARGIN;
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${top}" role="img">`,
    "<title>Results of the benchmark</title>",
    "<style>",
    "text { font: 13px system-ui, sans-serif; fill: #1f2328; }",
    ".title { font-weight: 600; }",
    ".first { fill: #bf5b04; }",
    ".other { fill: #8c959f; }",
    ".spread { stroke: #1f2328; stroke-width: 2; }",
    "@media (prefers-color-scheme: dark) {",
    "text { fill: #e6edf3; }",
    ".spread { stroke: #e6edf3; }",
    "}",
    "</style>",
    ...lines,
    "</svg>",
    "",
  ].join("\n");
}
