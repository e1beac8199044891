/**
 * Stand-in for `@std/cli/parse-args`: flags of a command line, by the rules of that package. Names
 * with a dot stay names here, where the package makes nested objects of them.
 *
 * @module
 */

/** How `parseArgs` reads the arguments. A name may be given alone or in a list. */
export interface ParseOptions<
  TBooleans extends string = string,
  TStrings extends string = string,
  TCollectable extends string = string,
  TNegatable extends string = string,
  TDefaults extends Record<string, unknown> = Record<string, unknown>,
  TAliases extends Record<string, string | readonly string[]> = Record<
    string,
    string | readonly string[]
  >,
  TDoubleDash extends boolean = boolean,
> {
  /** Puts what follows `--` under the key `--` instead of `_`. @default {false} */
  "--"?: TDoubleDash;
  /** Other names of a flag: `{ help: "h" }`. */
  alias?: TAliases;
  /** Flags without a value; `false` where they are absent. */
  boolean?: TBooleans | readonly TBooleans[];
  /** Values of the flags that are absent. */
  default?: TDefaults;
  /** Ends the flags at the first argument that is none. @default {false} */
  stopEarly?: boolean;
  /** Flags whose value stays text, even where it looks like a number. */
  string?: TStrings | readonly TStrings[];
  /** Flags that may be repeated; their values make a list. */
  collect?: TCollectable | readonly TCollectable[];
  /** Flags that `--no-<name>` sets to `false`. */
  negatable?: TNegatable | readonly TNegatable[];
  /** Called for each argument that is not declared; where it returns `false`, it is left out. */
  unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}

type AliasesOf<TName, TAliases> = TName extends keyof TAliases
  ? TAliases[TName] extends readonly (infer TAlias)[] ? TAlias : TAliases[TName]
  : never;

type WithAliases<TFlags, TAliases> = {
  [
    TName in keyof TFlags as TName | Extract<AliasesOf<TName, TAliases>, string>
  ]: TFlags[TName];
};

type WithDefaults<TFlags, TDefaults> =
  & Omit<TFlags, keyof TDefaults>
  & {
    [TName in keyof TDefaults]: TName extends keyof TFlags
      ? TDefaults[TName] | NonNullable<TFlags[TName]>
      : unknown;
  };

type Flags<
  TBooleans extends string,
  TStrings extends string,
  TCollectable extends string,
  TNegatable extends string,
> =
  & { [TName in Exclude<TBooleans, TCollectable>]: boolean }
  & { [TName in Extract<TBooleans, TCollectable>]: boolean[] }
  & {
    [TName in Exclude<TStrings, TCollectable>]?:
      | string
      | (TName extends TNegatable ? false : never);
  }
  & {
    [TName in Extract<TStrings, TCollectable>]:
      | string[]
      | (TName extends TNegatable ? false : never);
  }
  & { [TName in Exclude<TCollectable, TBooleans | TStrings>]: unknown[] };

/** What `parseArgs` returns: the flags by name, and under `_` what was no flag. */
export type Args<
  // deno-lint-ignore no-explicit-any
  TFlags extends Record<string, unknown> = Record<string, any>,
  TDoubleDash extends boolean | undefined = undefined,
> =
  & TFlags
  & { _: Array<string | number> }
  & (TDoubleDash extends true ? { "--": string[] } : Record<never, never>);

/**
 * Reads the flags of a command line.
 *
 * @param args The arguments, such as `Deno.args`.
 * @param options Which flags there are, and of what kind.
 * @returns The flags by name, and the other arguments under `_`.
 */
export function parseArgs<
  const TBooleans extends string = never,
  const TStrings extends string = never,
  const TCollectable extends string = never,
  const TNegatable extends string = never,
  TDefaults extends Record<string, unknown> = Record<never, never>,
  const TAliases extends Record<string, string | readonly string[]> = Record<
    never,
    never
  >,
  TDoubleDash extends boolean = false,
>(
  args: string[],
  options: ParseOptions<
    TBooleans,
    TStrings,
    TCollectable,
    TNegatable,
    TDefaults,
    TAliases,
    TDoubleDash
  > = {},
): Args<
  & Record<string, unknown>
  & WithAliases<
    WithDefaults<
      Flags<TBooleans, TStrings, TCollectable, TNegatable>,
      TDefaults
    >,
    TAliases
  >,
  TDoubleDash
> {
  const declared = new Declared(options);
  const flags: Record<string, unknown> = {};
  const rest: Array<string | number> = [];

  const dashes = args.indexOf("--");
  const before = dashes === -1 ? args : args.slice(0, dashes);
  const after = dashes === -1 ? [] : args.slice(dashes + 1);

  const set = (
    name: string,
    value: string | boolean,
    arg: string,
    collects = true,
  ) => {
    if (!declared.has(name) && options.unknown?.(arg, name, value) === false) {
      return;
    }
    const typed = typeof value === "string" && !declared.strings.has(name) &&
        isNumeric(value)
      ? Number(value)
      : value;
    for (const key of [name, ...declared.aliases(name)]) {
      if (collects && declared.collected.has(name)) {
        const earlier = flags[key];
        flags[key] = Array.isArray(earlier) ? [...earlier, typed] : [typed];
      } else {
        flags[key] = typed;
      }
    }
  };

  for (let index = 0; index < before.length; index++) {
    const arg = before[index] ?? "";
    const next = before[index + 1];

    /** Sets a flag that brought no value along; tells whether it took the next argument. */
    const setWithNext = (
      name: string,
      takesNext: (next: string) => boolean,
    ): boolean => {
      if (next && !declared.isBoolean(name) && takesNext(next)) {
        set(name, next, arg);
        return true;
      }
      if (next === "true" || next === "false") {
        set(name, next === "true", arg);
        return true;
      }
      set(name, declared.strings.has(name) ? "" : true, arg);
      return false;
    };

    if (arg.startsWith("--")) {
      const [, negated, bare = "", value] =
        /^--(no-)?(.+?)(?:=(.*))?$/s.exec(arg) ?? [];
      const name = negated ? `no-${bare}` : bare;
      if (value !== undefined) {
        // A boolean takes any value but `false` for true.
        set(bare, declared.booleans.has(bare) ? value !== "false" : value, arg);
      } else if (negated && declared.negatable.has(bare)) {
        set(bare, false, arg, false);
      } else if (setWithNext(name, (text) => !text.startsWith("-"))) {
        index++;
      }
      continue;
    }

    if (arg.startsWith("-") && arg !== "-") {
      const { letters, value } = splitCluster(arg.slice(1));
      const last = letters.pop() ?? "";
      for (const letter of letters) {
        set(letter, declared.strings.has(letter) ? "" : true, arg);
      }
      if (value !== undefined) set(last, value, arg);
      else if (setWithNext(last, (text) => !/^--?[^-]/.test(text))) index++;
      continue;
    }

    if (options.unknown?.(arg) !== false) {
      rest.push(
        !declared.strings.has("_") && isNumeric(arg) ? Number(arg) : arg,
      );
    }
    if (options.stopEarly) {
      rest.push(...before.slice(index + 1));
      break;
    }
  }

  for (const [name, value] of Object.entries(options.default ?? {})) {
    if (Object.hasOwn(flags, name)) continue;
    for (const key of [name, ...declared.aliases(name)]) flags[key] = value;
  }
  for (const name of declared.booleans) {
    if (!Object.hasOwn(flags, name)) {
      flags[name] = declared.collected.has(name) ? [] : false;
    }
  }
  for (const name of declared.strings) {
    if (!Object.hasOwn(flags, name) && declared.collected.has(name)) {
      flags[name] = [];
    }
  }

  const parsed = options["--"]
    ? { ...flags, _: rest, "--": after }
    : { ...flags, _: [...rest, ...after] };
  return parsed as unknown as ReturnType<
    typeof parseArgs<
      TBooleans,
      TStrings,
      TCollectable,
      TNegatable,
      TDefaults,
      TAliases,
      TDoubleDash
    >
  >;
}

/** The declared flags, each under its name and its aliases. */
class Declared {
  readonly booleans: ReadonlySet<string>;
  readonly strings: ReadonlySet<string>;
  readonly collected: ReadonlySet<string>;
  readonly negatable: ReadonlySet<string>;
  readonly #aliases = new Map<string, string[]>();

  constructor(options: ParseOptions) {
    for (const [name, alias] of Object.entries(options.alias ?? {})) {
      const names = [name, ...[alias].flat()];
      for (const each of names) {
        this.#aliases.set(each, names.filter((other) => other !== each));
      }
    }
    this.booleans = this.#withAliases(options.boolean);
    this.strings = this.#withAliases(options.string);
    this.collected = this.#withAliases(options.collect);
    this.negatable = this.#withAliases(options.negatable);
  }

  aliases(name: string): readonly string[] {
    return this.#aliases.get(name) ?? [];
  }

  has(name: string): boolean {
    return [this.booleans, this.strings, this.collected, this.#aliases]
      .some((names) => names.has(name));
  }

  isBoolean(name: string): boolean {
    return [name, ...this.aliases(name)].some((each) =>
      this.booleans.has(each)
    );
  }

  #withAliases(names: string | readonly string[] = []): ReadonlySet<string> {
    return new Set(
      [names].flat().flatMap((name) => [name, ...this.aliases(name)]),
    );
  }
}

/** Splits what follows a single dash: letters, and the value that the last of them brings along. */
function splitCluster(cluster: string): { letters: string[]; value?: string } {
  const letters: string[] = [];
  // The last character is a letter in any case: nothing follows that could be its value.
  for (let index = 0; index < cluster.length - 1; index++) {
    const letter = cluster.charAt(index);
    const rest = cluster.slice(index + 1);
    letters.push(letter);
    if (/[A-Za-z]/.test(letter)) {
      const [, assigned] = /=(.+)/.exec(rest) ?? [];
      if (assigned !== undefined) return { letters, value: assigned };
      if (/\d(?:\.\d*)?(?:e-?\d+)?$/.test(rest)) {
        return { letters, value: rest };
      }
    }
    if (rest === "-" || (rest.length > 1 && /^\W/.test(rest))) {
      return { letters, value: rest };
    }
  }
  return { letters: [...letters, cluster.slice(-1)] };
}

function isNumeric(text: string): boolean {
  return text.trim() !== "" && Number.isFinite(Number(text));
}
