/**
 * What `deno task schema` prints.
 *
 * @module
 */

import type {
  Compatibility,
  SchemaVersion,
  SubjectSummary,
} from "../operate/schemas.ts";
import { tableText } from "./table.ts";

/** What each compatibility level promises. The `_TRANSITIVE` ones promise it of every version. */
const PROMISES: Readonly<Record<string, string>> = {
  NONE: "nothing is checked",
  BACKWARD: "consumers with the new schema can read what was written before",
  FORWARD: "consumers with the old schema can read what will be written",
  FULL: "consumers with either schema can read what the other one wrote",
};

/** Says what a compatibility level promises. */
export function describeLevel(level: string): string {
  const [kind = ""] = level.split("_");
  const promise = PROMISES[kind];
  if (!promise) return level;
  const every = level.endsWith("_TRANSITIVE") ? ", for every version" : "";
  return `${level}: ${promise}${every}`;
}

function describeVersions(versions: readonly number[]): string {
  const sorted = versions.toSorted((a, b) => a - b);
  const [first, last] = [sorted[0], sorted.at(-1)];
  const isGapless = Number(last) - Number(first) === sorted.length - 1;
  return sorted.length > 2 && isGapless
    ? `${first} to ${last}`
    : sorted.join(", ");
}

/** Writes the list of subjects: a table; a sentence if there are none. */
export function describeSubjects(subjects: readonly SubjectSummary[]): string {
  if (subjects.length === 0) return "The registry has no schemas.";
  return tableText(
    ["SUBJECT", "VERSIONS", "NEWEST ID", "TYPE", "COMPATIBILITY"],
    subjects.map(({ versions, latest, level }) => [
      latest.subject,
      describeVersions(versions),
      latest.id,
      latest.type,
      level,
    ]),
  );
}

/** Writes a schema for reading, indented if it is JSON. */
export function describeSchema({ schema }: SchemaVersion): string {
  try {
    return JSON.stringify(JSON.parse(schema), null, 2);
  } catch {
    return schema;
  }
}

/** Writes whether a schema may be added to a subject: a line; if it may not be added, the reasons below. */
export function describeCompatibility(
  subject: string,
  result: Compatibility,
): string {
  const { level, latest, registered, compatible, incompatibilities } = result;
  if (registered) {
    return `${subject} has this schema already: version ${registered.version}, id ${registered.id}.`;
  }
  if (!latest) return `Compatible: ${subject} has no schema yet.`;
  const compared = `${subject}, version ${latest.version}`;
  if (level === "NONE") {
    return `Not compared with ${compared}: the level is ${
      describeLevel(level)
    }.`;
  }
  if (compatible) return `Compatible with ${compared} (${level}).`;
  const remedies = new Set<string>();
  return [
    `Not compatible with ${compared}.`,
    `The level is ${describeLevel(level)}.`,
    ...incompatibilities.flatMap(({ field, rule, reason, remedy }) => {
      const isNew = remedy !== undefined && !remedies.has(remedy);
      if (isNew) remedies.add(remedy);
      return [
        `- ${field || "the event"}: ${reason}${rule && ` (${rule})`}`,
        ...isNew ? [`  ${remedy}`] : [],
      ];
    }),
    ...incompatibilities.length === 0 ? ["The registry gives no reason."] : [],
  ].join("\n");
}
