/**
 * Stand-in for `@std/uuid`: the part of it that this project uses.
 *
 * @module
 */

import { validate as validateV4 } from "./v4.ts";
import { generate as generateV5, validate as validateV5 } from "./v5.ts";

export * from "./common.ts";
export * from "./constants.ts";

/** UUIDs of version 4. */
export const v4 = { validate: validateV4 };

/** UUIDs of version 5. */
export const v5 = { generate: generateV5, validate: validateV5 };
