/**
 * What a server that answers as no registry does makes of questions about schemas.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { PipelineError } from "../../lib/base/errors.ts";
import { SchemaCatalog } from "../../lib/operate/schemas.ts";
import { permittedTest } from "../support/permissions.ts";

permittedTest(
  "SchemaCatalog names an answer that is not a registry's",
  [{ name: "net", host: "127.0.0.1" }],
  async () => {
    let answer: unknown = ["JSON"];
    await using server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      () => Response.json(answer),
    );
    const registryUrl = `http://127.0.0.1:${server.addr.port}`;
    const catalog = await SchemaCatalog.connect({ brokers: [], registryUrl });
    for (
      const [wrong, ask, what] of [
        [{}, () => catalog.list(), "its subjects"],
        [[1], () => catalog.list(), "its subjects"],
        [null, () => catalog.show("demo"), "a version of a schema"],
        [[], () => catalog.show("demo"), "a version of a schema"],
        [{ id: 1 }, () => catalog.show("demo"), "a version of a schema"],
        [null, () => catalog.level(), "a compatibility level"],
        [{}, () => catalog.level(), "a compatibility level"],
      ] as const
    ) {
      answer = wrong;
      const error = await assertRejects(ask, PipelineError);
      assertEquals(
        error.message,
        `What ${registryUrl} answers for ${what} is not what a Schema Registry answers`,
      );
    }
  },
);
