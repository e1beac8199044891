/**
 * The formats of files of events, and how one is told from another.
 *
 * @module
 */

import type { EventType } from "../../events/event_type.ts";

/** The formats that events are read from. */
export const FILE_FORMATS = ["ndjson", "json", "csv"] as const;

/** A format that events are read from. */
export type FileFormat = typeof FILE_FORMATS[number];

/** What a file in each format holds. */
export const CONTENT_NAME: Readonly<Record<FileFormat, string>> = {
  ndjson: "one JSON object a line",
  json: "JSON over several lines, or a JSON array",
  csv: "CSV",
};

/** What the numbers of a file's events count, in each format. */
export const RECORD_NAME: Readonly<Record<FileFormat, string>> = {
  ndjson: "line",
  json: "element",
  csv: "row",
};

/** Tells a file's format by its name: `ndjson` unless it ends in `.json` or `.csv`, with or without `.gz`. */
export function formatOf(path: string): FileFormat {
  const [, extension = ""] = /\.(json|csv)(\.gz)?$/i.exec(path) ?? [];
  const format = extension.toLowerCase();
  return FILE_FORMATS.find((each) => each === format) ?? "ndjson";
}

/** What separates columns in files that are called CSV. */
const SEPARATORS: readonly (readonly [name: string, separator: string])[] = [
  ["commas", ","],
  ["semicolons", ";"],
  ["tabs", "\t"],
];

/** Finds out what separates the columns of a table, such as `semicolons`; undefined if no name of a field stands between any. */
export function separatorOf(
  type: EventType<unknown>,
  header: string,
): string | undefined {
  return SEPARATORS.find(([, separator]) =>
    header.split(separator).some((name) =>
      type.fields.includes(name.replace(/^"(.*)"$/, "$1"))
    )
  )?.[0];
}

/** Recognizes the format of a file that should be in another one, by its first two lines; undefined if that may be its format. */
export function recognize(
  type: EventType<unknown>,
  { format, first, second }: {
    readonly format: FileFormat;
    readonly first: string;
    readonly second: string | undefined;
  },
): FileFormat | undefined {
  const isTable = !/^[[{]/.test(first) &&
    separatorOf(type, first) !== undefined;
  // All of an array may be one line, of which this is the beginning.
  if (format !== "json" && first.startsWith("[")) return "json";
  if (format === "csv") {
    if (isTable || !first.startsWith("{")) return undefined;
    return isJson(first) ? "ndjson" : "json";
  }
  if (isTable && (format === "json" || !isJson(first))) return "csv";
  if (format === "json" || !first.startsWith("{") || isJson(first)) {
    return undefined;
  }
  // A line that was cut off is followed by another object, and the first line of an object by its first field.
  const goesOn = first.trim() === "{" || /^\s*["}]/.test(second ?? "");
  return goesOn ? "json" : undefined;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
