/**
 * The TypeScript type of the values that a JSON Schema allows.
 *
 * A small type of our own: it takes a fraction of the compiler's time that a general one does, and fails on no schema. What it
 * can't express (patterns, ranges, `not`, `if`) widens the type and is left to the check at run time.
 *
 * @module
 */

/** A JSON Schema of any draft from 4 to 2020-12. */
export type JsonSchema = boolean | { readonly [keyword: string]: unknown };

/**
 * The type of the values that a schema allows. The schema's own type has to be a literal one: write it in the call of
 * {@linkcode defineEvent}, or behind `as const`. A JSON file's type is too wide, since TypeScript widens what it imports.
 */
export type FromSchema<S, Root = S> = S extends { readonly $ref: infer R }
  ? R extends "#" ? FromSchema<Root>
  : R extends `#/${infer Path}` ? FromSchema<At<Root, Path>, Root>
  : unknown
  : S extends { readonly const: infer C } ? C
  : S extends { readonly enum: readonly (infer E)[] } ? E
  : S extends { readonly [keyword: string]: unknown }
    ? Flat<Typed<S, Root> & AllOf<S, Root> & OneOf<S, Root>>
  : S extends false ? never
  : unknown;

/** What a JSON pointer leads to; `~0`, `~1` and percent signs are not resolved. */
export type At<S, Path extends string> = Path extends
  `${infer Step}/${infer Rest}`
  ? Step extends keyof S ? At<S[Step], Rest> : unknown
  : Path extends keyof S ? S[Path]
  : unknown;

/** What all schemas of `allOf` allow. */
export type AllOf<S, Root> = S extends
  { readonly allOf: readonly [infer A, ...infer B] }
  ? FromSchema<A, Root> & AllOf<{ readonly allOf: B }, Root>
  : unknown;

/** What one of the schemas of `anyOf` or `oneOf` allows. */
export type OneOf<S, Root> = S extends { readonly anyOf: readonly (infer U)[] }
  ? FromSchema<U, Root>
  : S extends { readonly oneOf: readonly (infer U)[] } ? FromSchema<U, Root>
  : unknown;

/** What `type`, `properties` and `items` allow. */
export type Typed<S, Root> = S extends { readonly type: infer T }
  ? ByName<T extends readonly (infer U)[] ? U : T, S, Root>
  : S extends { readonly properties: unknown } ? ObjectOf<S, Root>
  : unknown;

/** What one name of a type allows. */
export type ByName<Name, S, Root> = Name extends "object" ? ObjectOf<S, Root>
  : Name extends "array" ? ArrayOf<S, Root>
  : Name extends "string" ? string
  : Name extends "number" | "integer" ? number
  : Name extends "boolean" ? boolean
  : Name extends "null" ? null
  : unknown;

/** What an array's schema allows. */
export type ArrayOf<S, Root> = S extends
  { readonly prefixItems: readonly unknown[] } ? Tuple<
    S["prefixItems"],
    S extends { readonly items: infer I } ? I : true,
    Root
  >
  : S extends { readonly items: readonly unknown[] } ? Tuple<
      S["items"],
      S extends { readonly additionalItems: infer I } ? I : true,
      Root
    >
  : S extends { readonly items: infer I } ? readonly FromSchema<I, Root>[]
  : readonly unknown[];

/** A schema for each place sets no length: fewer items are valid as well. */
export type Tuple<First extends readonly unknown[], More, Root> = readonly [
  ...Partial<{ -readonly [I in keyof First]: FromSchema<First[I], Root> }>,
  ...(More extends false ? [] : FromSchema<More, Root>[]),
];

/** What an object's schema allows. */
export type ObjectOf<S, Root> = S extends { readonly properties: infer P }
  ? Properties<
    P,
    S extends { readonly required: readonly (infer R)[] } ? R : never,
    Root
  >
  : S extends { readonly additionalProperties: infer V }
    ? { readonly [name: string]: FromSchema<V, Root> }
  : { readonly [name: string]: unknown };

/** The fields of an object, required or not. */
export type Properties<P, Required, Root> =
  & {
    readonly [K in keyof P as K extends Required ? K : never]: FromSchema<
      P[K],
      Root
    >;
  }
  & {
    readonly [K in keyof P as K extends Required ? never : K]?: FromSchema<
      P[K],
      Root
    >;
  };

/** Shows an intersection of objects as one object. */
export type Flat<T> = T extends readonly unknown[] ? T
  : T extends object ? { [K in keyof T]: T[K] }
  : T;
