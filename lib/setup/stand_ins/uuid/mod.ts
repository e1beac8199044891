/**
 * Stand-in for `@std/uuid`: the part of it that this project uses.
 *
 * @module
 */

export * from "./common.ts";
export * from "./constants.ts";
export * as v4 from "./v4.ts";
export * as v5 from "./v5.ts";
