/**
 * The rows of a task's flag table.
 *
 * @module
 */

/** A flag with a value. */
export interface ValueFlag<T> {
  /** The name of the value in `--help`. */
  readonly value: string;
  /** What it does, for `--help`; the default is added. */
  readonly description: string;
  /** The environment variable that sets it if the flag is absent. Only `--help` uses it. */
  readonly env?: string;
  readonly default?: T;
  /** The only values allowed. */
  readonly choices?: readonly string[];
  /** What it takes, for the error about any other text. */
  readonly takes: string;
  /** Reads the value; undefined if the text is none. */
  readonly parse: (text: string) => T | undefined;
}

/** A flag without a value. */
export type SwitchFlag = Pick<ValueFlag<boolean>, "description">;

/** One row of a task's flag table. */
export type Flag = ValueFlag<unknown> | SwitchFlag;

/** A task's flags by name, without the dashes. */
export type Flags = Readonly<Record<string, Flag>>;

/** The values that a flag table parses to. */
export type FlagValues<F extends Flags> = {
  readonly [K in keyof F]: F[K] extends ValueFlag<infer T>
    ? T | (F[K] extends { readonly default: unknown } ? never : undefined)
    : boolean;
};

/** What a row may have besides how its value is read. */
type Rest<T> = Pick<ValueFlag<T>, "env" | "default" | "choices">;

/** Makes the row of a flag whose value is read from text. */
export function valueFlag<T, const R extends Rest<unknown> = Rest<never>>(
  value: string,
  description: string,
  rest: Pick<ValueFlag<T>, "takes" | "parse"> & R,
): ValueFlag<T> & Pick<R, keyof R & ("default" | "choices")> {
  return { value, description, ...rest } as ValueFlag<T> & R;
}

/** Makes the row of a flag with a text value. */
export function textFlag<const R extends Rest<string> = Rest<never>>(
  value: string,
  description: string,
  rest?: R,
) {
  type Text = R extends { readonly choices: readonly (infer C)[] } ? C : string;
  const choices = rest?.choices;
  return valueFlag<Text, R>(value, description, {
    takes: `one of ${choices?.join(", ")}`,
    parse: (text) =>
      choices?.includes(text) === false ? undefined : text as Text,
    ...rest as R,
  });
}

type Limits = { readonly min: number; readonly max: number };

function numeric(kind: string, shape: RegExp) {
  return <const R extends Rest<number> & Limits>(
    value: string,
    description: string,
    rest: R,
  ) =>
    valueFlag<number, R>(value, description, {
      takes: `${kind} from ${rest.min} to ${rest.max}`,
      parse(text) {
        const number = Number(text);
        return shape.test(text) && number >= rest.min && number <= rest.max
          ? number
          : undefined;
      },
      ...rest,
    });
}

/** Makes the row of a flag that takes whole numbers. */
export const integerFlag = numeric("a whole number", /^[+-]?\d+$/);
/** Makes the row of a flag that takes decimals too. */
export const numberFlag = numeric("a number", /^[+-]?\d+(\.\d+)?$/);

/** Makes the row of a flag that takes a port. */
export function portFlag<const R extends Rest<number>>(
  description: string,
  rest?: R,
) {
  return integerFlag("PORT", description, {
    ...rest as R,
    min: 1,
    max: 65_535,
  });
}

/** Makes the row of a flag without a value. */
export function switchFlag(description: string): SwitchFlag {
  return { description };
}
