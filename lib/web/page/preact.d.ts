/**
 * The types of what the page uses of Preact: the package's own need another package.
 *
 * @module
 */

/** What a component returns. */
export type View = { readonly type: unknown } | string | number | null;

/** Makes a view of markup. Values in it are text or attributes, never markup. */
export declare function html(
  strings: TemplateStringsArray,
  ...values: unknown[]
): View;

/** Shows a view in an element. */
export declare function render(view: View, parent: object): void;

/** Keeps a value between two calls of a component, which is called again once it is set. */
export declare function useState<T>(
  initial: T | (() => T),
): [value: T, set: (value: T | ((before: T) => T)) => void];

/** Does something after the view is shown and an input has changed; what it returns undoes it. */
export declare function useEffect(
  effect: () => void | (() => void),
  inputs?: readonly unknown[],
): void;

/** As {@linkcode useEffect}, before the browser paints. */
export declare function useLayoutEffect(
  effect: () => void | (() => void),
  inputs?: readonly unknown[],
): void;

/** Computes a value again only once an input has changed. */
export declare function useMemo<T>(
  compute: () => T,
  inputs: readonly unknown[],
): T;

/** Hands a value to all components below its provider. */
export declare function createContext<T>(
  initial: T,
): { readonly initial: T; readonly Provider: unknown };

/** Reads the value of the nearest provider above. */
export declare function useContext<T>(context: { readonly initial: T }): T;

/** Keeps something between two calls of a component. */
export declare function useRef<T>(initial: T): { current: T };
