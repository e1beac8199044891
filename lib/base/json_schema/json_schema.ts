/**
 * JSON Schemas of drafts 4 to 2020-12, also mixed, each used as its draft says: a keyword that it doesn't have asserts nothing.
 *
 * Schemas are interpreted, and nothing is generated. The first failure ends a check.
 *
 * @module
 */

import {
  Documents,
  isObject,
  type JsonObject,
  type Resource,
  subschemas,
} from "./documents.ts";
import {
  all,
  apart,
  type Check,
  type Failure,
  isLinearPattern,
  KEYWORDS,
  type Run,
} from "./keywords.ts";

const VALID: Check = () => undefined;
const NEVER: Check = () => ({ path: "", reason: "is not allowed" });

/** A schema, ready to check values. */
export class JsonSchema {
  readonly #documents: Documents;
  readonly #checks = new Map<JsonObject, Check>();
  readonly #tracks: boolean;
  readonly #check: Check;

  /**
   * Reads a schema.
   *
   * @param references The schemas that it refers to, by the names by which it does.
   * @throws {TypeError} If it can't be understood.
   * @throws {RangeError} If it is nested too deeply.
   */
  constructor(schema: unknown, references: ReadonlyMap<string, unknown>) {
    this.#documents = new Documents(schema, references);
    this.#tracks = /"unevaluated(?:Item|Propertie)s"/.test(
      JSON.stringify([schema, ...references.values()]),
    );
    this.#check = this.#compile(schema, this.#documents.root);
  }

  /**
   * Finds where a value fails first; undefined if it is valid. It can take long, or exhaust the stack: see {@linkcode
   * JsonSchema.isLinear}.
   *
   * @throws {TypeError} If a reference leads nowhere.
   * @throws {RangeError} If the stack is exhausted.
   */
  check(value: unknown): Failure | undefined {
    const { root } = this.#documents;
    return this.#check(value, { scope: [root], evaluated: undefined });
  }

  /**
   * Tells whether checks take time in proportion to the value's length, whatever the value: neither patterns nor recursion can hold
   * them up, and few schemas apply to each part. False if that isn't obvious.
   */
  isLinear(options: { readonly assertsFormat?: boolean } = {}): boolean {
    const costs = new Map<JsonObject, number>();
    const costOf = (schema: unknown): number => {
      if (!isObject(schema)) return 1;
      const known = costs.get(schema);
      if (known !== undefined) return known;
      // Until it is known, a schema that comes again is one within itself.
      costs.set(schema, Infinity);
      const resource = this.#documents.owner(schema) as Resource;
      const { assertsFormat = resource.assertsFormat } = options;
      let cost = hasLinearKeywords(schema, assertsFormat) ? 1 : Infinity;
      const { $ref } = schema;
      if (typeof $ref === "string") {
        cost += costOf(this.#documents.resolve($ref, resource).schema);
      }
      for (const [keyword, one] of subschemas(schema)) {
        if (!DEFINITIONS.includes(keyword)) cost += costOf(one);
      }
      costs.set(schema, cost);
      return cost;
    };
    try {
      return costOf(this.#documents.root.root) <= MAX_SCHEMAS_PER_PART;
    } catch {
      // A reference that leads nowhere, or too many levels.
      return false;
    }
  }

  #compile(schema: unknown, within: Resource): Check {
    if (typeof schema === "boolean") return schema ? VALID : NEVER;
    if (!isObject(schema)) {
      throw new TypeError(
        `a schema is an object or a boolean: ${
          JSON.stringify(schema)?.slice(0, 60)
        }`,
      );
    }
    const known = this.#checks.get(schema);
    if (known) return known;
    const resource = this.#documents.owner(schema) ?? within;
    const check = this.#compileObject(schema, resource);
    this.#checks.set(schema, check);
    return check;
  }

  #compileObject(schema: JsonObject, resource: Resource): Check {
    const checks: Check[] = [];
    const { $ref, $recursiveRef, $dynamicRef } = schema;
    const { draft } = resource;
    if (typeof $ref === "string") {
      const follow = this.#follow($ref, resource);
      // Up to draft 7, what stands beside a reference is ignored.
      if (draft <= 7) return follow;
      checks.push(follow);
    }
    if (typeof $recursiveRef === "string" && draft === 2019) {
      checks.push(this.#follow($recursiveRef, resource, true));
    }
    if (typeof $dynamicRef === "string" && draft === 2020) {
      checks.push(this.#follow($dynamicRef, resource, true));
    }
    for (const [name, keyword] of Object.entries(KEYWORDS)) {
      const [from, to, compile] = typeof keyword === "function"
        ? [4, 2020, keyword] as const
        : keyword;
      if (!Object.hasOwn(schema, name) || draft < from || draft > to) continue;
      const check = compile(schema[name], {
        keyword: name,
        schema,
        resource,
        compile: (one) => this.#compile(one, resource),
      });
      if (check) checks.push(check);
    }
    return this.#enter(schema, resource, all(checks));
  }

  /** Notes what a schema looks at where one of its keywords asks, and that a schema with an URI was entered. */
  #enter(schema: JsonObject, resource: Resource, check: Check): Check {
    const asks = this.#tracks &&
      ("unevaluatedItems" in schema || "unevaluatedProperties" in schema);
    const opens = resource.root === schema;
    if (!asks && !opens) return check;
    return (value, run) => {
      const inside = opens ? enter(resource, run) : run;
      return asks ? apart(check, value, inside) : check(value, inside);
    };
  }

  /** Follows a reference when it is first needed: it may lead back to where it stands. */
  #follow(reference: string, from: Resource, dynamic = false): Check {
    let resource: Resource;
    let name: string;
    let check: Check;
    return (value, run) => {
      if (!check) {
        const { schema, fragment } = this.#documents.resolve(reference, from);
        resource = this.#documents.owner(schema) ?? from;
        name = fragment;
        check = this.#compile(schema, resource);
      }
      const outermost = dynamic && resource.dynamicAnchors.has(name)
        ? run.scope.find(({ dynamicAnchors }) => dynamicAnchors.has(name))
        : undefined;
      return outermost
        ? this.#compile(outermost.dynamicAnchors.get(name), outermost)(
          value,
          run,
        )
        : check(value, enter(resource, run));
    };
  }
}

/** How many schemas may apply to one part of a value where checks are linear. */
const MAX_SCHEMAS_PER_PART = 300;

const LINEAR_FORMATS: readonly unknown[] = [
  ...["date", "date-time", "ipv4", "time", "uuid", undefined],
];

function hasLinearKeywords(
  schema: JsonObject,
  assertsFormat: boolean,
): boolean {
  const { pattern, patternProperties, format } = schema;
  const patterns = isObject(patternProperties)
    ? Object.keys(patternProperties)
    : [];
  if (typeof pattern === "string") patterns.push(pattern);
  return patterns.every(isLinearPattern) &&
    (!assertsFormat || LINEAR_FORMATS.includes(format)) &&
    !("$dynamicRef" in schema || "$recursiveRef" in schema);
}

/** Keywords whose schemas apply only by reference. */
const DEFINITIONS: readonly string[] = ["$defs", "definitions"];

function enter(resource: Resource, run: Run): Run {
  return run.scope.includes(resource)
    ? run
    : { ...run, scope: [...run.scope, resource] };
}
