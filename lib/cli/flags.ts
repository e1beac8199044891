/**
 * The rows of a task's flag table.
 *
 * @module
 */

/** A flag with a text value. */
export interface TextFlag {
  readonly type: "string";
  /** The name of the value in `--help`. */
  readonly value: string;
  /** What it does, for `--help`; the default is added. */
  readonly description: string;
  /** The environment variable that sets it if the flag is absent. Only `--help` uses it. */
  readonly env?: string;
  readonly default?: string;
  /** The only values allowed. */
  readonly choices?: readonly string[];
}

/** A flag with a number as its value: whole numbers only, or decimals too. */
export interface NumberFlag
  extends Pick<TextFlag, "value" | "description" | "env"> {
  readonly type: "integer" | "number";
  readonly default?: number;
  readonly min: number;
  readonly max: number;
}

/** A flag without a value. */
export interface SwitchFlag extends Pick<TextFlag, "description" | "env"> {
  readonly type: "boolean";
}

/** One row of a task's flag table. */
export type Flag = TextFlag | NumberFlag | SwitchFlag;

/** A task's flags by name, without the dashes. */
export type Flags = Readonly<Record<string, Flag>>;

/** The values that a flag table parses to. */
export type FlagValues<F extends Flags> = {
  readonly [K in keyof F]: F[K] extends SwitchFlag ? boolean
    :
      | (F[K] extends NumberFlag ? number
        : F[K] extends { readonly choices: readonly (infer C)[] } ? C
        : string)
      | (F[K] extends { readonly default: string | number } ? never
        : undefined);
};

/** What a row has besides its type, the name of its value, and its description. */
type Rest<F> = Omit<F, "type" | "value" | "description">;
type Row<F extends Flag, R> = Omit<F, keyof Rest<F>> & R;

/** Makes the row of a flag with a text value. */
export function textFlag<const R extends Rest<TextFlag> = Rest<SwitchFlag>>(
  value: string,
  description: string,
  rest?: R,
): Row<TextFlag, R> {
  return { type: "string", value, description, ...rest as R };
}

function numeric(type: NumberFlag["type"]) {
  return <const R extends Rest<NumberFlag>>(
    value: string,
    description: string,
    rest: R,
  ): Row<NumberFlag, R> => ({ type, value, description, ...rest });
}

/** Makes the row of a flag that takes whole numbers. */
export const integerFlag = numeric("integer");
/** Makes the row of a flag that takes decimals too. */
export const numberFlag = numeric("number");

/** Makes the row of a flag that takes a port. */
export function portFlag<const R extends Pick<NumberFlag, "default">>(
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
  return { type: "boolean", description };
}
