/**
 * JSON Schemas as documents: which draft each part is of, what its URI is, and where its references lead.
 *
 * @module
 */

/** The drafts of JSON Schema that are known, by number or year. */
export type Draft = 4 | 6 | 7 | 2019 | 2020;

/** A JSON object. */
export type JsonObject = { readonly [name: string]: unknown };

/** A schema with an URI of its own, and what lies within it up to the next such schema. */
export interface Resource {
  /** Its URI without a fragment. */
  readonly uri: string;
  readonly draft: Draft;
  readonly root: unknown;
  readonly assertsFormat: boolean;
  /** Schemas by the names that a fragment may have. */
  readonly anchors: Map<string, JsonObject>;
  /** Those of them that `$dynamicRef` looks for. */
  readonly dynamicAnchors: Map<string, JsonObject>;
}

const BASE_URI = "schema://registry/";

/** What a schema is taken for that doesn't say what it is, as in confluent-kafka. */
const DEFAULT_DRAFT: Draft = 2020;

const DRAFTS: Readonly<Record<string, Draft>> = {
  "-04": 4,
  "-05": 4,
  "-06": 6,
  "-07": 7,
  "/2019-09": 2019,
  "/2020-12": 2020,
};

const HOLDS_SCHEMAS = [
  ...["additionalItems", "additionalProperties", "allOf", "anyOf", "contains"],
  ...["contentSchema", "else", "if", "items", "not", "oneOf", "prefixItems"],
  ...["propertyNames", "then", "unevaluatedItems", "unevaluatedProperties"],
] as const;

const HOLDS_NAMED_SCHEMAS = [
  ...["$defs", "definitions", "dependencies", "dependentSchemas"],
  ...["patternProperties", "properties"],
] as const;

/** Tells whether a value is a JSON object. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Copies a schema with others in place of those that it holds.
 *
 * @param change Makes another of each; it gets what can't be a schema as well.
 */
export function mapSubschemas(
  schema: JsonObject,
  change: (one: unknown, keyword: string) => unknown,
): Record<string, unknown> {
  const changed: Record<string, unknown> = { ...schema };
  for (const keyword of HOLDS_SCHEMAS) {
    const held = schema[keyword];
    if (Array.isArray(held)) {
      changed[keyword] = held.map((one) => change(one, keyword));
    } else if (held !== undefined) changed[keyword] = change(held, keyword);
  }
  for (const keyword of HOLDS_NAMED_SCHEMAS) {
    const named = schema[keyword];
    if (!isObject(named)) continue;
    changed[keyword] = Object.fromEntries(
      Object.entries(named).map(([name, one]) => [name, change(one, keyword)]),
    );
  }
  return changed;
}

/** Lists the schemas that a schema holds, with their keywords; among them may be what can't be a schema. */
export function subschemas(
  schema: JsonObject,
): readonly (readonly [keyword: string, schema: unknown])[] {
  const found: (readonly [string, unknown])[] = [];
  mapSubschemas(schema, (one, keyword) => found.push([keyword, one]));
  return found;
}

/** A schema and those that it refers to. */
export class Documents {
  readonly #resources = new Map<string, Resource>();
  readonly #owners = new Map<JsonObject, Resource>();
  readonly root: Resource;

  constructor(schema: unknown, references: ReadonlyMap<string, unknown>) {
    // First those that are referred to: the schema's meta-schema may be among them.
    for (const [name, referenced] of references) this.add(name, referenced);
    this.root = this.add("", schema);
  }

  /** Adds a document that references may lead to, by that name. */
  add(name: string, schema: unknown): Resource {
    const uri = resolveUri(BASE_URI, name);
    const retrieved = this.#open(uri, schema, DEFAULT_DRAFT);
    this.#index(schema, retrieved);
    const resource = this.owner(schema) ?? retrieved;
    this.#resources.set(withoutFragment(uri), resource);
    return resource;
  }

  /** Finds the resource that a schema belongs to; undefined where nothing says that it is a schema. */
  owner(schema: unknown): Resource | undefined {
    return isObject(schema) ? this.#owners.get(schema) : undefined;
  }

  /**
   * Follows a reference: to a schema, by the name or the JSON pointer that is its fragment.
   *
   * @throws {TypeError} If it leads nowhere.
   */
  resolve(
    reference: string,
    from: Resource,
  ): { readonly schema: unknown; readonly fragment: string } {
    const [uri = "", encoded = ""] = reference.split("#", 2);
    const resource = uri === "" ? from : this.#find(uri, from);
    const fragment = decode(encoded);
    const schema = fragment === ""
      ? resource?.root
      : fragment.startsWith("/")
      ? resource && this.#followPointer(fragment, resource)
      : resource?.anchors.get(fragment);
    if (schema !== undefined) return { schema, fragment };
    throw new TypeError(`it refers to "${reference}", which is not there`);
  }

  #find(uri: string, from: Resource): Resource | undefined {
    // The registry has its own names for references: what $id says of them need not agree.
    return this.#resources.get(withoutFragment(resolveUri(from.uri, uri))) ??
      this.#resources.get(withoutFragment(resolveUri(BASE_URI, uri)));
  }

  #followPointer(pointer: string, from: Resource): unknown {
    let schema: unknown = from.root;
    let resource = from;
    for (const token of pointer.slice(1).split("/")) {
      const name = token.replaceAll("~1", "/").replaceAll("~0", "~");
      if (typeof schema !== "object" || schema === null) return undefined;
      if (!Object.hasOwn(schema, name)) return undefined;
      schema = (schema as JsonObject)[name];
      resource = this.owner(schema) ?? resource;
    }
    // A keyword that is not known may hold it.
    this.#index(schema, resource);
    return schema;
  }

  #open(uri: string, root: unknown, inherited: Draft): Resource {
    return {
      uri,
      root,
      ...this.#dialect(root, inherited),
      anchors: new Map(),
      dynamicAnchors: new Map(),
    };
  }

  #dialect(
    root: unknown,
    inherited: Draft,
  ): Pick<Resource, "draft" | "assertsFormat"> {
    const named = isObject(root) ? root["$schema"] : undefined;
    if (typeof named !== "string") {
      return { draft: inherited, assertsFormat: false };
    }
    const official = /\bjson-schema\.org\/draft(-\d+|\/[\d-]+)/.exec(named);
    const draft = DRAFTS[official?.[1] ?? ""];
    if (draft) return { draft, assertsFormat: false };
    if (official) throw new TypeError(`"$schema" is not known: ${named}`);
    // A meta-schema of its own: known if it is among the references.
    const meta = this.#resources.get(withoutFragment(named));
    const vocabularies = isObject(meta?.root) ? meta.root["$vocabulary"] : {};
    return {
      draft: meta?.draft ?? DEFAULT_DRAFT,
      // The older of the two may be declared as one that asserts nothing.
      assertsFormat: Object.entries(vocabularies ?? {}).some(([uri, needed]) =>
        uri.endsWith("/vocab/format-assertion") ||
        uri.endsWith("/vocab/format") && needed === true
      ),
    };
  }

  #index(schema: unknown, within: Resource): void {
    if (!isObject(schema) || this.#owners.has(schema)) return;
    const resource = this.#enter(schema, within);
    this.#owners.set(schema, resource);
    const { $anchor, $dynamicAnchor, $recursiveAnchor } = schema;
    if (resource.draft >= 2019 && typeof $anchor === "string") {
      resource.anchors.set($anchor, schema);
    }
    if (resource.draft === 2020 && typeof $dynamicAnchor === "string") {
      resource.anchors.set($dynamicAnchor, schema);
      resource.dynamicAnchors.set($dynamicAnchor, schema);
    }
    if (resource.draft === 2019 && $recursiveAnchor === true) {
      resource.dynamicAnchors.set("", schema);
    }
    for (const [, one] of subschemas(schema)) this.#index(one, resource);
  }

  /** Opens the resource that a schema begins by its id; the one that it stands in if it has none. */
  #enter(schema: JsonObject, within: Resource): Resource {
    const { draft } = this.#dialect(schema, within.draft);
    const id = schema[draft === 4 ? "id" : "$id"];
    const opens = typeof id === "string" && !(draft <= 7 && "$ref" in schema);
    if (!opens) return within;
    const [uri = "", anchor = ""] = id.split("#", 2);
    const resource = uri === ""
      ? within
      : this.#open(resolveUri(within.uri, uri), schema, within.draft);
    if (draft <= 7 && anchor !== "") resource.anchors.set(anchor, schema);
    if (resource !== within && !this.#resources.has(resource.uri)) {
      this.#resources.set(resource.uri, resource);
    }
    return resource;
  }
}

function resolveUri(base: string, reference: string): string {
  // A name need not be a URI: it is then taken as it is.
  return URL.parse(reference, base)?.href ?? reference;
}

function withoutFragment(uri: string): string {
  return uri.split("#", 1)[0] as string;
}

function decode(fragment: string): string {
  try {
    return decodeURIComponent(fragment);
  } catch {
    return fragment;
  }
}
