/**
 * Stand-in for `@std/cli`: the part of it that this project uses.
 *
 * @module
 */

export * from "./parse_args.ts";
