/**
 * That a schema file can't differ from the type that is written by hand for it.
 *
 * @module
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import scanSchema from "../../schemas/loyalty_scan.schema.json" with {
  type: "json",
};
import orderSchema from "../../schemas/customer_event.schema.json" with {
  type: "json",
};
import { permittedTest } from "../support/permissions.ts";
import { compileProgram, schemaTypesProgram } from "./schema_types.ts";

const NAMES = {
  order: "customer_event.schema.json",
  scan: "loyalty_scan.schema.json",
};

async function compile(order: unknown): Promise<number> {
  const program = schemaTypesProgram({
    [NAMES.order]: JSON.stringify(order),
    [NAMES.scan]: JSON.stringify(scanSchema),
  });
  return (await compileProgram(program)).code;
}

permittedTest(
  "schemaTypesProgram() compiles for the schemas of the checkout, and not if a field differs",
  [{ name: "run", command: "deno" }],
  async () => {
    assertEquals(await compile(orderSchema), 0);
    const { properties, required, ...rest } = orderSchema;
    for (
      const changed of [
        { ...rest, required: required.slice(1), properties },
        {
          ...rest,
          required,
          properties: { ...properties, amount: { type: "string" } },
        },
      ]
    ) assert(await compile(changed) !== 0, JSON.stringify(changed));
  },
);

Deno.test("schemaTypesProgram() throws if a schema has no type, or a type no schema", () => {
  const schemas = { [NAMES.order]: "{}", [NAMES.scan]: "{}" };
  assertThrows(
    () => schemaTypesProgram({ ...schemas, "visit.schema.json": "{}" }),
    Error,
    "There is no type for visit.schema.json",
  );
  assertThrows(
    () => schemaTypesProgram({ [NAMES.order]: "{}" }),
    Error,
    `There is no schema for ${NAMES.scan}`,
  );
});
