/**
 * The types that follow from schemas. The compiler is the test: `deno check` fails where a type is another one than expected.
 *
 * @module
 */

import { defineEvent, type EventType } from "../../lib/events/event_type.ts";
import type { FromSchema } from "../../lib/events/from_schema.ts";
import { holds, type Plain, type Same } from "../support/types.ts";

Deno.test("FromSchema follows the simple types, and several of them", () => {
  holds<Same<FromSchema<{ type: "string" }>, string>>();
  holds<Same<FromSchema<{ type: "integer" }>, number>>();
  holds<Same<FromSchema<{ type: "number" }>, number>>();
  holds<Same<FromSchema<{ type: "boolean" }>, boolean>>();
  holds<Same<FromSchema<{ type: "null" }>, null>>();
  holds<
    Same<FromSchema<{ type: readonly ["string", "null"] }>, string | null>
  >();
  holds<Same<FromSchema<true>, unknown>>();
  holds<Same<FromSchema<false>, never>>();
  holds<Same<FromSchema<{ minLength: 1 }>, unknown>>();
});

Deno.test("FromSchema follows enum and const", () => {
  holds<Same<FromSchema<{ enum: readonly ["a", 1, null] }>, "a" | 1 | null>>();
  holds<Same<FromSchema<{ type: "string"; const: "scan" }>, "scan">>();
});

Deno.test("FromSchema follows objects, closed or open: required and optional fields, and nested ones", () => {
  interface Visit {
    readonly id: string;
    readonly guest: { readonly name: string; readonly age?: number };
    readonly note?: string;
  }
  type Schema<Additional> = {
    type: "object";
    properties: {
      id: { type: "string" };
      guest: {
        type: "object";
        properties: { name: { type: "string" }; age: { type: "integer" } };
        required: readonly ["name"];
      };
      note: { type: "string" };
    };
    required: readonly ["id", "guest"];
    additionalProperties: Additional;
  };
  holds<Same<Plain<FromSchema<Schema<false>>>, Plain<Visit>>>();
  holds<Same<Plain<FromSchema<Schema<true>>>, Plain<Visit>>>();
});

Deno.test("FromSchema follows objects without named fields", () => {
  holds<
    Same<
      FromSchema<
        { type: "object"; additionalProperties: { type: "integer" } }
      >,
      { readonly [name: string]: number }
    >
  >();
  holds<
    Same<FromSchema<{ type: "object" }>, { readonly [name: string]: unknown }>
  >();
});

Deno.test("FromSchema follows arrays, and tuples of both spellings", () => {
  holds<
    Same<
      FromSchema<{ type: "array"; items: { type: "string" } }>,
      readonly string[]
    >
  >();
  holds<Same<FromSchema<{ type: "array" }>, readonly unknown[]>>();
  holds<
    Same<
      FromSchema<{
        type: "array";
        prefixItems: readonly [{ type: "string" }, { type: "integer" }];
        items: false;
      }>,
      readonly [string?, number?]
    >
  >();
  holds<
    Same<
      FromSchema<{
        type: "array";
        items: readonly [{ type: "string" }];
        additionalItems: { type: "boolean" };
      }>,
      readonly [string?, ...boolean[]]
    >
  >();
});

Deno.test("FromSchema follows references within the document, to itself too", () => {
  type Schema = {
    type: "object";
    properties: {
      home: { $ref: "#/$defs/place" };
      rooms: { type: "array"; items: { $ref: "#/definitions/room" } };
      next: { $ref: "#" };
      far: { $ref: "https://example.com/far.json" };
    };
    required: readonly ["home", "rooms"];
    $defs: { place: { type: "string" } };
    definitions: {
      room: {
        type: "object";
        properties: { place: { $ref: "#/$defs/place" } };
        required: readonly ["place"];
      };
    };
  };
  type Found = FromSchema<Schema>;
  holds<Same<Found["home"], string>>();
  holds<Same<Plain<Found["rooms"][number]>, { readonly place: string }>>();
  holds<Same<NonNullable<Found["next"]>["home"], string>>();
  holds<Same<Found["far"], unknown>>();
});

Deno.test("FromSchema follows unions by anyOf and oneOf, and allOf", () => {
  type Paid = {
    type: "object";
    properties: { kind: { const: "paid" }; cents: { type: "integer" } };
    required: readonly ["kind", "cents"];
  };
  type Free = {
    type: "object";
    properties: { kind: { const: "free" } };
    required: readonly ["kind"];
  };
  type Expected =
    | { readonly kind: "paid"; readonly cents: number }
    | { readonly kind: "free" };
  holds<
    Same<Plain<FromSchema<{ oneOf: readonly [Paid, Free] }>>, Plain<Expected>>
  >();
  holds<
    Same<Plain<FromSchema<{ anyOf: readonly [Paid, Free] }>>, Plain<Expected>>
  >();
  holds<
    Same<
      Plain<
        FromSchema<{
          allOf: readonly [
            Paid,
            {
              type: "object";
              properties: { by: { type: "string" } };
              required: readonly ["by"];
            },
          ];
        }>
      >,
      { readonly kind: "paid"; readonly cents: number; readonly by: string }
    >
  >();
});

Deno.test("defineEvent() infers the type from a schema that is written in the call, and takes one by hand", () => {
  const scans = defineEvent({
    name: "scan",
    topic: "scans",
    schema: {
      type: "object",
      properties: {
        card_id: { type: "string" },
        points: { type: "integer" },
        place: { enum: ["hall", "library"] },
      },
      required: ["card_id", "points"],
    },
    key: (scan) => scan.card_id,
    idField: "card_id",
  });
  holds<
    typeof scans extends EventType<infer T> ? Same<
        Plain<T>,
        {
          readonly card_id: string;
          readonly points: number;
          readonly place?: "hall" | "library";
        }
      >
      : false
  >();
  defineEvent({
    name: "scan",
    topic: "scans",
    schema: {
      type: "object",
      properties: { points: { type: "integer" } },
      required: ["points"],
    },
    // @ts-expect-error A number is not a key.
    key: (scan) => scan.points,
  });
  const byHand = defineEvent<{ readonly id: string }>({
    name: "visit",
    topic: "visits",
    schema: true,
    key: ({ id }) => id,
  });
  holds<Same<typeof byHand, EventType<{ readonly id: string }>>>();
});
