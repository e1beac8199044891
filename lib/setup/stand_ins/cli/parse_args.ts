/**
 * Stand-in for `@std/cli/parse-args`: the flags of a command line, by the rules of that package, for declared flags
 * with two dashes. Every other argument is left to the caller's `unknown`.
 *
 * @module
 */

/** Options for {@linkcode parseArgs}. */
export interface ParseOptions<
  TBooleans extends string | undefined = string | undefined,
  TStrings extends string | undefined = string | undefined,
> {
  /** The flags without a value, `false` if absent. */
  boolean?: TBooleans | ReadonlyArray<Extract<TBooleans, string>>;
  /** The flags with a text value, `undefined` if absent. */
  string?: TStrings | ReadonlyArray<Extract<TStrings, string>>;
  /** Called for each argument that is not declared. Returns `false` to leave the argument out. */
  unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}

/** The value returned from {@linkcode parseArgs}: the flags by name. */
export type Args<TArgs extends Record<string, unknown>> = TArgs & {
  _: Array<string | number>;
};

/** Parses the flags of a command line. */
export function parseArgs<
  TBooleans extends string | undefined = undefined,
  TStrings extends string | undefined = undefined,
>(
  args: readonly string[],
  options: ParseOptions<TBooleans, TStrings> = {},
): Args<
  & Record<string, unknown>
  & Record<Extract<TBooleans, string>, boolean>
  & Partial<Record<Extract<TStrings, string>, string>>
> {
  const booleans = new Set<string>([options.boolean ?? []].flat());
  const strings = new Set<string>([options.string ?? []].flat());
  const flags: Record<string, unknown> = {};
  for (const name of booleans) flags[name] = false;
  const rest: Array<string | number> = [];

  for (let index = 0; index < args.length; index++) {
    const arg = args[index] ?? "";
    if (arg === "--") {
      rest.push(...args.slice(index + 1));
      break;
    }
    const [, name, assigned] = /^--(.+?)(?:=(.*))?$/s.exec(arg) ?? [];
    if (name === undefined) {
      const key = /^-./.test(arg) ? arg.slice(1) : undefined;
      if (options.unknown?.(arg, key) !== false) rest.push(arg);
      continue;
    }
    const next = args[index + 1];
    const takesNext = assigned === undefined && next !== undefined &&
      (booleans.has(name)
        ? next === "true" || next === "false"
        : next !== "" && !next.startsWith("-"));
    if (takesNext) index++;
    const text = takesNext ? next : assigned;
    if (booleans.has(name)) flags[name] = text !== "false";
    else if (strings.has(name)) flags[name] = text ?? "";
    else if (options.unknown?.(arg, name, text ?? true) !== false) {
      flags[name] = text ?? true;
    }
  }
  return { ...flags, _: rest } as ReturnType<
    typeof parseArgs<TBooleans, TStrings>
  >;
}
