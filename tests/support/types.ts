/**
 * Types that compare types.
 *
 * @module
 */

/** Whether two types are the same. That each is assignable to the other is not enough: `any` is to everything. */
export type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends
  (<T>() => T extends B ? 1 : 2) ? true : false;

/** Intersections of objects as one object, at every level, so that they can be compared. */
export type Plain<T> = T extends
  readonly unknown[] | string | number | boolean | null ? T
  : T extends object ? { [K in keyof T]: Plain<T[K]> }
  : T;

/** Doesn't compile unless the type is `true`. */
export function holds<_T extends true>(): void {}
