/**
 * What a registry finds incompatible between two JSON Schemas, in words: which field, why, and what to do.
 *
 * @module
 */

/** Something that a registry finds incompatible, as it says it. */
export interface Finding {
  /** The registry's name of the rule, such as `REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL`. */
  readonly rule: string;
  /** Where in the schema, as a JSON pointer. */
  readonly pointer: string;
  /** The registry's own sentence; undefined if it has none. */
  readonly description?: string | undefined;
}

/** Something that is incompatible, in words. */
export interface Incompatibility {
  /** The field, such as `address.zip`; empty if it is about the whole event. */
  readonly field: string;
  readonly rule: string;
  readonly reason: string;
  /** What to do; undefined if nothing general can be said. */
  readonly remedy: string | undefined;
}

/** A schema, and what sentences call it. */
export interface NamedSchema {
  /** What sentences call it: `version 3`. */
  readonly name: string;
  readonly schema: string;
}

/** The schema that messages are read with, and the one that they were written with. */
interface Roles {
  readonly reader: NamedSchema;
  readonly writer: NamedSchema;
}

type SchemaObject = Readonly<Record<string, unknown>>;

/** What several registries call the same. The first that matches counts. */
const KINDS = [
  [/propertySchemasRemoved$/, "closed"],
  [
    /REMOVED_FROM_CLOSED|REMOVED_NOT_COVERED|ADDITIONAL_PROPERTIES_(?:TRUE_TO_FALSE|NARROWED|REMOVED)/,
    "closed",
  ],
  [/REQUIRED/, "required"],
  [/ADDED_TO_OPEN|ADDED_NOT_COVERED|PROPERTY_SCHEMAS_NARROWED/, "open"],
  [/ENUM/, "values"],
  [/TYPE_(?:CHANGED|NARROWED)/, "type"],
  [/(?:ADDED|INCREASED|DECREASED|NARROWED|CHANGED)\s/, "limit"],
] as const;

/** Reads what Confluent's registry answers to a check with `verbose=true`. A message of another form is kept as it is. */
export function readVerboseMessages(messages: readonly string[]): Finding[] {
  return messages
    // Besides its findings, the registry repeats the old schema, its version and the level.
    .filter((message) =>
      !/^\{(?:oldSchema|validateFields|compat)/.test(message)
    )
    .map((message) => {
      const [, rule = ""] = /(?:errorType:\s*["']?|type=)(\w+)/.exec(message) ??
        [];
      const [, pointer = ""] = /(?:path |jsonPath=)'([^']*)'/.exec(message) ??
        [];
      const [, , description = message] = /description:\s*(["'])(.*?)\1[,}]/s
        .exec(message) ?? [];
      return { rule, pointer, description };
    });
}

/**
 * Says in words what is incompatible.
 *
 * @param level The compatibility level: it decides which of them reads what the other one wrote.
 */
export function explainFinding(
  finding: Finding,
  schemas: { readonly checked: NamedSchema; readonly existing: NamedSchema },
  level: string,
): Incompatibility[] {
  const { checked, existing } = schemas;
  const backward: Roles = { reader: checked, writer: existing };
  const forward: Roles = { reader: existing, writer: checked };
  const possible = level.startsWith("BACKWARD")
    ? [backward]
    : level.startsWith("FORWARD")
    ? [forward]
    : [backward, forward];
  const { rule, pointer } = finding;
  const { path, keyword } = parsePointer(pointer);
  const name = `${rule} ${pointer}`;
  const kind = KINDS.find(([pattern]) => pattern.test(name))?.[1];
  const explained = possible.map((roles) => ({
    roles,
    fields: fieldsOf(kind, path, roles),
  }));
  const { roles, fields } = explained.find(({ fields }) => fields.length > 0) ??
    { roles: possible[0] as Roles, fields: [path.join(".")] };
  return fields.map((field) => ({
    field,
    rule,
    reason: reasonOf(kind, { finding, path, keyword, roles }),
    remedy: remedyOf(kind, roles.reader === checked),
  }));
}

/** Finds the fields that a pointer leads to. What is left over is a keyword. */
function parsePointer(
  pointer: string,
): { readonly path: readonly string[]; readonly keyword: string } {
  const path: string[] = [];
  let keyword = "";
  const tokens = pointer.replace(/^#/, "").split("/").slice(1)
    .map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at] ?? "";
    if (/^(?:properties|required)$/.test(token) && at + 1 < tokens.length) {
      path.push(tokens[++at] ?? "");
    } else if (/^(?:items|allItemSchema)$/.test(token)) {
      path.push("[]");
    } else {
      keyword = token;
    }
  }
  return { path, keyword };
}

function objectIn(value: unknown): SchemaObject {
  return Object(value);
}

function schemaAt({ schema }: NamedSchema, path: readonly string[]) {
  let at = objectIn(JSON.parse(schema));
  for (const name of path) {
    at = objectIn(
      name === "[]" ? at["items"] : objectIn(at["properties"])[name],
    );
  }
  return at;
}

/** Which fields differ, where the registry names only the list that they are in. */
function fieldsOf(
  kind: string | undefined,
  path: readonly string[],
  { reader, writer }: Roles,
): string[] {
  const listOf = (schema: SchemaObject): readonly string[] =>
    kind === "required"
      ? [schema["required"]].flat().map(String)
      : Object.keys(objectIn(schema["properties"]));
  const of = (roles: NamedSchema) => listOf(schemaAt(roles, path));
  if (kind === undefined || !["required", "open", "closed"].includes(kind)) {
    return [path.join(".")];
  }
  const [more, less] = kind === "closed" ? [writer, reader] : [reader, writer];
  const known = of(less);
  const added = of(more).filter((field) => !known.includes(field));
  const field = path.at(-1);
  const parent = path.slice(0, -1);
  const inParent = (schema: NamedSchema) =>
    listOf(schemaAt(schema, parent)).includes(field ?? "");
  // Confluent's registry names the field itself.
  if (field !== undefined && inParent(more) && !inParent(less)) {
    return [path.join(".")];
  }
  return added.map((name) => [...path, name].join("."));
}

function reasonOf(
  kind: (typeof KINDS)[number][1] | undefined,
  { finding, path, keyword, roles }: {
    readonly finding: Finding;
    readonly path: readonly string[];
    readonly keyword: string;
    readonly roles: Roles;
  },
): string {
  const { reader: { name: reader }, writer: { name: writer } } = roles;
  switch (kind) {
    case "required":
      return `${reader} requires it and ${writer} does not, so a message written with ${writer} may lack it`;
    case "open":
      return `${reader} defines it, and ${writer} is open: a message written with ${writer} may have a field of this name with any value`;
    case "closed":
      return `${reader} allows no fields besides its own, so it refuses what ${writer} has or allows`;
    case "values":
      return `${reader} lacks a value that ${writer} allows`;
    case "type":
      return `${reader} takes ${
        typeAt(roles.reader, path)
      }, and ${writer} writes ${typeAt(roles.writer, path)}`;
    case "limit":
      return `${reader} has a stricter ${
        keyword || "rule"
      } than ${writer}, so it may refuse what was written with ${writer}`;
    case undefined:
      return finding.description ??
        finding.rule.toLowerCase().replaceAll("_", " ");
  }
}

function typeAt(schema: NamedSchema, path: readonly string[]): string {
  const { type } = schemaAt(schema, path);
  return type === undefined ? "another type" : [type].flat().join(" or ");
}

function remedyOf(
  kind: string | undefined,
  readsWithChecked: boolean,
): string | undefined {
  switch (kind) {
    case "required":
      return readsWithChecked
        ? 'Leave it out of "required".'
        : 'Keep it in "required".';
    case "open":
      return 'In an open schema, one without "additionalProperties": false, a field can\'t be added, not even an optional one: ' +
        "close a schema in its first version. This one can go into a new subject (a new topic).";
    case "closed":
      return readsWithChecked
        ? 'Keep what the earlier version allows; a field that is no longer used can stay, left out of "required".'
        : "Consumers with the earlier version refuse what they don't know: add nothing, or check by a BACKWARD level and " +
          "update the consumers first.";
    case "type":
      return "Add a field of another name with the new type.";
    default:
      return undefined;
  }
}
