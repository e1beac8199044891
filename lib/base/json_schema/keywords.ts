/**
 * What the keywords of JSON Schema assert, draft by draft. Keywords that a draft doesn't know are left out, and assert nothing.
 *
 * @module
 */

import { fullFormats } from "npm:ajv-formats@3.0.1/dist/formats.js";
import { shorten } from "../terminal_text.ts";
import {
  type Draft,
  isObject,
  type JsonObject,
  type Resource,
} from "./documents.ts";

/** Where a value fails, and why. */
export interface Failure {
  /** The path of the part that fails; empty for the whole value. */
  readonly path: string;
  /** Such as `must be integer`. */
  readonly reason: string;
}

/** What a check needs besides the value. */
export interface Run {
  /** The resources through which evaluation came here, each once, the outermost first. */
  readonly scope: readonly Resource[];
  /**
   * The properties or items of the value that some schema has looked at, for `unevaluatedProperties` and `…Items`; undefined if no
   * keyword asks.
   */
  readonly evaluated: Set<string | number> | undefined;
}

/** Checks a value. Returns undefined if it is valid. */
export type Check = (value: unknown, run: Run) => Failure | undefined;

/** What a keyword is compiled with. */
export interface Context {
  readonly keyword: string;
  readonly schema: JsonObject;
  readonly resource: Resource;
  readonly compile: (schema: unknown) => Check;
}

/** How a keyword is compiled: undefined if it asserts nothing. */
type Compile = (argument: unknown, context: Context) => Check | undefined;

/** Makes one check of several. It stops at the first failure. */
export function all(checks: readonly Check[]): Check {
  const [only] = checks;
  if (only && checks.length === 1) return only;
  return (value, run) => {
    for (const check of checks) {
      const failure = check(value, run);
      if (failure) return failure;
    }
    return undefined;
  };
}

const fail = (reason: string): Failure => ({ path: "", reason });

function below(name: string | number, failure: Failure): Failure {
  const { path, reason } = failure;
  return { path: path === "" ? `${name}` : `${name}/${path}`, reason };
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const names = Object.keys(value).sort();
  return `{${
    names.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`)
      .join()
  }}`;
}

/** How much of a wrong argument a message has, in UTF-16 units. */
const MAX_SHOWN = 60;

function expect<T>(
  keyword: string,
  argument: unknown,
  is: (argument: unknown) => argument is T,
): T {
  if (is(argument)) return argument;
  const shown = shorten(JSON.stringify(argument), MAX_SHOWN);
  throw new TypeError(`"${keyword}" can't be ${shown}`);
}

const isNumber = (value: unknown): value is number => typeof value === "number";
const isString = (value: unknown): value is string => typeof value === "string";
const isList = (value: unknown): value is unknown[] => Array.isArray(value);
const isStrings = (value: unknown): value is string[] =>
  isList(value) && value.every(isString);
const isSchemas = (value: unknown): value is unknown[] =>
  isList(value) && value.length > 0;

const TYPES: Readonly<Record<string, (value: unknown) => boolean>> = {
  array: isList,
  boolean: (value) => typeof value === "boolean",
  integer: Number.isInteger,
  null: (value) => value === null,
  number: isNumber,
  object: isObject,
  string: isString,
};
const isTypes = (value: unknown): value is string | string[] =>
  [value].flat().every((name) => isString(name) && Object.hasOwn(TYPES, name));

/** Checks values of one type. Those of others are valid. */
function only<T>(
  is: (value: unknown) => value is T,
  check: (value: T, run: Run) => Failure | undefined,
): Check {
  return (value, run) => is(value) ? check(value, run) : undefined;
}

/** What a keyword compares of a value; undefined if it is of another type. */
type Count = (value: unknown) => number | undefined;

const itself: Count = (value) => isNumber(value) ? value : undefined;
const characters: Count = (value) =>
  isString(value) ? lengthOf(value) : undefined;
const items: Count = (value) => isList(value) ? value.length : undefined;
const properties: Count = (value) =>
  isObject(value) ? Object.keys(value).length : undefined;

/** A keyword that compares a number of a value's with its argument, which stands for `#` in the reason. */
function bound(
  count: Count,
  { holds, reason }: {
    readonly holds: (count: number, limit: number) => boolean;
    readonly reason: string;
  },
): Compile {
  return (argument, { keyword }) => {
    const limit = expect(keyword, argument, isNumber);
    const failure = fail(reason.replace("#", String(limit)));
    return (value) => {
      const counted = count(value);
      return counted === undefined || holds(counted, limit)
        ? undefined
        : failure;
    };
  };
}

const atLeast = (count: Count, reason: string) =>
  bound(count, { holds: (count, limit) => count >= limit, reason });
const atMost = (count: Count, reason: string) =>
  bound(count, { holds: (count, limit) => count <= limit, reason });
const above = bound(itself, {
  holds: (count, limit) => count > limit,
  reason: "must be > #",
});
const under = bound(itself, {
  holds: (count, limit) => count < limit,
  reason: "must be < #",
});

/** In draft 4, a boolean that makes the limit beside it exclusive. */
function exclusive(compile: Compile, inclusive: string): Compile {
  return (argument, context) => {
    const limit = argument === true ? context.schema[inclusive] : argument;
    return argument === false || limit === undefined
      ? undefined
      : compile(limit, context);
  };
}

/** How many characters a text has; half of a pair counts as one. */
function lengthOf(text: string): number {
  const pairs = text.match(/[\ud800-\udbff][\udc00-\udfff]/g) ?? [];
  return text.length - pairs.length;
}

/** Quotients that differ from a whole number by no more than rounding does: 4.05 is a multiple of 0.01. */
function isMultiple(value: number, of: number): boolean {
  const quotient = value / of;
  const whole = Math.round(quotient);
  return Math.abs(quotient - whole) <= Math.abs(whole) * 4 * Number.EPSILON;
}

/**
 * Reads a pattern: with Unicode, or without it where it is valid only so. Escapes that Unicode doesn't allow, such as `\-`, are
 * written otherwise. Of what other languages have, their anchors for the text's ends, names of groups, flags for the whole and
 * quantifiers from zero are understood.
 */
function regExp(keyword: string, source: string): RegExp {
  const ecma = source
    .replace(/\\([ -/:-@[-`{-~AZz])/g, (_, escaped: string) => {
      if (escaped === "A") return "^";
      if (escaped === "Z" || escaped === "z") return "$";
      return `\\x${escaped.charCodeAt(0).toString(16)}`;
    })
    .replaceAll("(?P<", "(?<")
    .replaceAll(/\{,(\d+)\}/g, "{0,$1}")
    .replace(/^\(\?([ims]+)\)(.*)$/s, "(?$1:$2)");
  for (const flags of ["u", ""]) {
    try {
      return new RegExp(ecma, flags);
    } catch {
      // The other flags remain.
    }
  }
  return expect(keyword, source, (_): _ is never => false);
}

/**
 * Tells whether a pattern takes time in proportion to the text's length, whatever the text: if it is bound to the text's start, and
 * all but one of its parts have a fixed length. False if that isn't obvious.
 */
export function isLinearPattern(source: string): boolean {
  const parts = source
    .replaceAll(/\\./g, "x")
    .replaceAll(/\[[^\]]*\]/g, "x")
    .replaceAll(/\{\d{1,3}\}/g, "");
  return /^\^[^()|{}*+?]*(?:[*+?]|\{\d{1,3},\d{0,3}\})?[^()|{}*+?]*$/.test(
    parts,
  );
}

function formatTest(name: unknown): ((text: string) => boolean) | undefined {
  // A name that is not known asserts nothing.
  if (!isString(name) || !Object.hasOwn(fullFormats, name)) return undefined;
  const format = fullFormats[name as keyof typeof fullFormats];
  const test = typeof format === "object" && "validate" in format
    ? format.validate
    : format;
  if (test instanceof RegExp) return (text) => test.test(text);
  return typeof test === "function"
    ? test as (text: string) => boolean
    : undefined;
}

/** Checks a value, and notes apart what is looked at: it counts outside only if the value is valid. */
export function apart(
  check: Check,
  value: unknown,
  { scope, evaluated }: Run,
): Failure | undefined {
  const own = new Set<string | number>();
  const failure = check(value, { scope, evaluated: own });
  if (failure || !evaluated) return failure;
  for (const one of own) evaluated.add(one);
  return undefined;
}

/** Checks a value by a schema that may fail while the whole is valid. */
const attempt: typeof apart = (check, value, run) =>
  run.evaluated ? apart(check, value, run) : check(value, run);

/** For what lies within a value, no keyword asks what was looked at. */
const inside = (run: Run): Run =>
  run.evaluated ? { scope: run.scope, evaluated: undefined } : run;

/** Makes what checks the parts of a value, each by the schema that its index or name has, if it has one. */
function each<T extends object, Key extends keyof T & (string | number)>(
  is: (value: unknown) => value is T,
  keysOf: (value: T) => Iterable<Key>,
): (checkOf: (key: Key, run: Run) => Check | undefined) => Check {
  return (checkOf) =>
    only(is, (value, run) => {
      const within = inside(run);
      for (const key of keysOf(value)) {
        const check = checkOf(key, run);
        if (!check) continue;
        const failure = check(value[key], within);
        if (failure) return below(key, failure);
        run.evaluated?.add(key);
      }
      return undefined;
    });
}

const eachItem = each(isList, (list) => list.keys());
const eachProperty = each(isObject, Object.keys);

const itemsFrom = (start: number, check: Check) =>
  eachItem((index) => index >= start ? check : undefined);
const tuple = (checks: readonly Check[]) => eachItem((index) => checks[index]);

function closed(schema: unknown, check: Check, reason: string): Check {
  return schema === false ? () => fail(reason) : check;
}

function missing(
  value: JsonObject,
  names: readonly string[],
): Failure | undefined {
  const name = names.find((name) => !Object.hasOwn(value, name));
  return name === undefined
    ? undefined
    : fail(`must have required property '${name}'`);
}

/** Names that need others, or a schema for the whole value. */
const dependencies: Compile = (argument, { keyword, compile }) => {
  const all = Object.entries(expect(keyword, argument, isObject)).map(
    ([name, needs]): readonly [string, Check] => [
      name,
      isStrings(needs)
        ? only(isObject, (value) => missing(value, needs))
        : compile(needs),
    ],
  );
  return only(isObject, (value, run) => {
    for (const [name, check] of all) {
      const failure = Object.hasOwn(value, name) && check(value, run);
      if (failure) return failure;
    }
    return undefined;
  });
};

function patterns(
  argument: unknown = {},
): readonly (readonly [RegExp, unknown])[] {
  return Object.entries(expect("patternProperties", argument, isObject))
    .map(([source, schema]) => [regExp("patternProperties", source), schema]);
}

/** All keywords. Those for what others leave over come last. */
export const KEYWORDS: Readonly<
  Record<string, Compile | readonly [from: Draft, to: Draft, Compile]>
> = {
  type(argument) {
    const names = [expect("type", argument, isTypes)].flat();
    const tests = names.map((name) => TYPES[name] as (v: unknown) => boolean);
    const failure = fail(`must be ${names.join()}`);
    return (value) => tests.some((test) => test(value)) ? undefined : failure;
  },
  enum(argument) {
    const all = new Set(expect("enum", argument, isList).map(canonical));
    const failure = fail("must be equal to one of the allowed values");
    return (value) => all.has(canonical(value)) ? undefined : failure;
  },
  const: [6, 2020, (argument) => {
    const only = canonical(argument);
    const failure = fail("must be equal to constant");
    return (value) => canonical(value) === only ? undefined : failure;
  }],
  multipleOf: bound(itself, {
    holds: isMultiple,
    reason: "must be multiple of #",
  }),
  minimum: atLeast(itself, "must be >= #"),
  maximum: atMost(itself, "must be <= #"),
  exclusiveMinimum: exclusive(above, "minimum"),
  exclusiveMaximum: exclusive(under, "maximum"),
  minLength: atLeast(characters, "must NOT have fewer than # characters"),
  maxLength: atMost(characters, "must NOT have more than # characters"),
  pattern(argument) {
    const source = expect("pattern", argument, isString);
    const pattern = regExp("pattern", source);
    const failure = fail(`must match pattern "${source}"`);
    return only(isString, (v) => pattern.test(v) ? undefined : failure);
  },
  format(argument, { resource }) {
    const test = resource.assertsFormat ? formatTest(argument) : undefined;
    const failure = fail(`must match format "${argument}"`);
    return test && only(isString, (v) => test(v) ? undefined : failure);
  },
  minItems: atLeast(items, "must NOT have fewer than # items"),
  maxItems: atMost(items, "must NOT have more than # items"),
  uniqueItems(argument) {
    const failure = fail("must NOT have duplicate items");
    return argument === true
      ? only(
        isList,
        (value) =>
          new Set(value.map(canonical)).size === value.length
            ? undefined
            : failure,
      )
      : undefined;
  },
  minProperties: atLeast(properties, "must NOT have fewer than # properties"),
  maxProperties: atMost(properties, "must NOT have more than # properties"),
  required(argument) {
    const names = expect("required", argument, isStrings);
    return only(isObject, (value) => missing(value, names));
  },
  dependentRequired: [2019, 2020, dependencies],
  dependentSchemas: [2019, 2020, dependencies],
  dependencies: [4, 7, dependencies],
  prefixItems: [
    2020,
    2020,
    (argument, { compile }) =>
      tuple(expect("prefixItems", argument, isSchemas).map(compile)),
  ],
  items(argument, { schema: { prefixItems }, resource, compile }) {
    if (isList(argument)) return tuple(argument.map(compile));
    const start = resource.draft === 2020 && isList(prefixItems)
      ? prefixItems.length
      : 0;
    return itemsFrom(start, compile(argument));
  },
  additionalItems(argument, { schema: { items }, compile }) {
    return isList(items)
      ? itemsFrom(
        items.length,
        closed(argument, compile(argument), "must NOT be there"),
      )
      : undefined;
  },
  contains: [6, 2020, (argument, { schema, resource, compile }) => {
    const check = compile(argument);
    const { minContains = 1, maxContains = Infinity } = resource.draft >= 2019
      ? schema
      : {};
    const least = expect("minContains", minContains, isNumber);
    const most = expect("maxContains", maxContains, isNumber);
    const failure = fail(`must contain at least ${least} valid item(s)`);
    const tooMany = fail(`must contain no more than ${most} valid item(s)`);
    return only(isList, (value, run) => {
      const within = inside(run);
      let count = 0;
      for (const [at, item] of value.entries()) {
        if (check(item, within)) continue;
        count++;
        if (resource.draft === 2020) run.evaluated?.add(at);
      }
      return count < least ? failure : count > most ? tooMany : undefined;
    });
  }],
  properties(argument, { compile }) {
    const all = Object.entries(expect("properties", argument, isObject)).map(
      ([name, schema]) => [name, compile(schema)] as const,
    );
    return only(isObject, (value, run) => {
      const within = inside(run);
      for (const [name, check] of all) {
        if (!Object.hasOwn(value, name)) continue;
        const failure = check(value[name], within);
        if (failure) return below(name, failure);
        run.evaluated?.add(name);
      }
      return undefined;
    });
  },
  patternProperties(argument, { compile }) {
    return all(
      patterns(argument).map(([pattern, schema]) => {
        const check = compile(schema);
        return eachProperty((name) => pattern.test(name) ? check : undefined);
      }),
    );
  },
  additionalProperties(argument, { schema, compile }) {
    const { properties = {} } = schema;
    const others = patterns(schema["patternProperties"]);
    const check = compile(argument);
    return eachProperty((name) =>
      Object.hasOwn(properties as JsonObject, name) ||
        others.some(([pattern]) => pattern.test(name))
        ? undefined
        : check
    );
  },
  propertyNames: [6, 2020, (argument, { compile }) => {
    const check = compile(argument);
    return only(isObject, (value, run) => {
      const within = inside(run);
      for (const name of Object.keys(value)) {
        if (check(name, within)) {
          return below(name, fail("is not a name that is allowed"));
        }
      }
      return undefined;
    });
  }],
  allOf(argument, { compile }) {
    return all(expect("allOf", argument, isSchemas).map(compile));
  },
  anyOf(argument, { compile }) {
    const checks = expect("anyOf", argument, isSchemas).map(compile);
    const failure = fail("must match a schema in anyOf");
    return (value, run) => {
      let matches = false;
      for (const check of checks) {
        if (!attempt(check, value, run)) matches = true;
        if (matches && !run.evaluated) break;
      }
      return matches ? undefined : failure;
    };
  },
  oneOf(argument, { compile }) {
    const checks = expect("oneOf", argument, isSchemas).map(compile);
    const failure = fail("must match exactly one schema in oneOf");
    return (value, run) => {
      let matches = 0;
      for (const check of checks) {
        if (!attempt(check, value, run) && ++matches > 1) break;
      }
      return matches === 1 ? undefined : failure;
    };
  },
  not(argument, { compile }) {
    const check = compile(argument);
    const failure = fail("must NOT be valid");
    return (value, { scope, evaluated }) =>
      check(value, { scope, evaluated: evaluated && new Set() })
        ? undefined
        : failure;
  },
  if: [7, 2020, (argument, { schema, compile }) => {
    const { then = true, else: otherwise = true } = schema;
    const condition = compile(argument);
    const [ifValid, ifNot] = [compile(then), compile(otherwise)];
    return (value, run) =>
      (attempt(condition, value, run) ? ifNot : ifValid)(value, run);
  }],
  unevaluatedItems: [2019, 2020, (argument, { compile }) => {
    const check = closed(argument, compile(argument), "must NOT be there");
    return eachItem((index, run) =>
      run.evaluated?.has(index) ? undefined : check
    );
  }],
  unevaluatedProperties: [2019, 2020, (argument, { compile }) => {
    const check = compile(argument);
    return eachProperty((name, run) =>
      run.evaluated?.has(name) ? undefined : check
    );
  }],
};
