/**
 * What a registry that misbehaves can do to its client: how often it is asked, and how much of its answers is read. A server on
 * this machine plays the registry; what a real one answers is in the integration tests.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { InvalidEventError, PipelineError } from "../../lib/base/errors.ts";
import { EventRegistry } from "../../lib/registry/registry.ts";
import { OversizedAnswerError } from "../../lib/registry/transport.ts";
import { permittedTest } from "../support/permissions.ts";

/** Answers a path below the API's root; undefined: 404 with the code for a schema that is not there. */
type Answer = (path: string, request: Request) => unknown;

interface Hostile {
  readonly registry: EventRegistry;
  /** The paths that were requested since the connection was made. */
  readonly requests: readonly string[];
}

/** Registers a test with a registry that answers as the test says. */
function hostileTest(
  name: string,
  answer: Answer,
  fn: (hostile: Hostile) => Promise<void>,
): void {
  permittedTest(name, [{ name: "net", host: "127.0.0.1" }], async () => {
    const requests: string[] = [];
    const server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) => {
        const { pathname } = new URL(request.url);
        if (pathname === "/schemas/types") return Response.json(["JSON"]);
        requests.push(pathname);
        const body = answer(pathname, request);
        if (body instanceof Response) return body;
        return body === undefined
          ? Response.json({ error_code: 40403, message: "Schema not found" }, {
            status: 404,
          })
          : Response.json(body);
      },
    );
    try {
      const registry = await EventRegistry.connect({
        brokers: [],
        registryUrl: `http://127.0.0.1:${server.addr.port}`,
      });
      await fn({ registry, requests });
    } finally {
      await server.shutdown();
    }
  });
}

permittedTest(
  "connect() leaves no connection open",
  [{ name: "net", host: "127.0.0.1" }],
  async () => {
    let found = true;
    await using server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      () => found ? Response.json(["JSON"]) : new Response(),
    );
    const config = {
      brokers: [],
      registryUrl: `http://127.0.0.1:${server.addr.port}`,
    };
    await EventRegistry.connect(config);
    found = false;
    await assertRejects(() => EventRegistry.connect(config), PipelineError);
  },
);

const OPEN = { schemaType: "JSON", schema: '{"type":"object"}' };

const REFUSED: Readonly<Record<string, readonly [unknown, string]>> = {
  "is not there": [undefined, "The registry has no schema with the id 7"],
  "is not a JSON Schema": [
    { schema: '"string"' },
    "Schema 7 is of type AVRO, and not a JSON Schema",
  ],
  "can't be read": [
    { schemaType: "JSON", schema: "{" },
    "Schema 7 can't be used: ",
  ],
  "refers to what is not there": [
    { ...OPEN, references: [{ name: "a", subject: "gone", version: 1 }] },
    "Schema 7 can't be used: it refers to version 1 of the subject \"gone\", which the registry doesn't have",
  ],
  "has references that are no list": [
    { ...OPEN, references: { name: "a" } },
    "Schema 7 can't be used: its references are not a list",
  ],
};

for (const [what, [answer, reason]] of Object.entries(REFUSED)) {
  hostileTest(
    `SchemaCache.fetched() asks once for an id whose schema ${what}, however many messages name it`,
    (path) => path === "/schemas/ids/7" ? answer : undefined,
    async ({ registry, requests }) => {
      for (let message = 0; message < 200; message++) {
        await assertRejects(
          () => registry.schemas.fetched(7),
          InvalidEventError,
          reason,
        );
      }
      const asked = requests.filter((path) => path === "/schemas/ids/7");
      assertEquals(asked.length, 1);
    },
  );
}

hostileTest(
  "SchemaCache.fetched() asks once for an id that many messages name at the same time",
  () => OPEN,
  async ({ registry, requests }) => {
    const found = await Promise.all(
      Array.from({ length: 50 }, () => registry.schemas.fetched(7)),
    );
    assertEquals(new Set(found).size, 1);
    assertEquals(registry.schemas.cached(7), found[0]);
    assertEquals(requests, ["/schemas/ids/7"]);
  },
);

const GUID = "d19fc126-039e-445e-a159-38d1ef21c70f";

hostileTest(
  "SchemaCache.fetched() looks a schema up by its GUID",
  (path) => path === `/schemas/guids/${GUID}` ? OPEN : undefined,
  async ({ registry, requests }) => {
    const schema = await registry.schemas.fetched(GUID);
    assertEquals(registry.schemas.cached(GUID), schema);
    await registry.schemas.fetched(GUID);
    assertEquals(requests, [`/schemas/guids/${GUID}`]);
    await assertRejects(
      () => registry.schemas.fetched(GUID.replace("d", "e")),
      InvalidEventError,
      "The registry has no schema with the id e19fc126",
    );
  },
);

hostileTest(
  "SchemaCache.fetched() says so when the registry knows no GUIDs",
  () => new Response("Not found", { status: 404 }),
  async ({ registry, requests }) => {
    for (let message = 0; message < 20; message++) {
      await assertRejects(
        () => registry.schemas.fetched(GUID),
        InvalidEventError,
        `The message names its schema by the GUID ${GUID}, and this registry knows no GUIDs`,
      );
    }
    assertEquals(requests.length, 1);
  },
);

hostileTest(
  "SchemaCache.fetched() keeps a thousand schemas, and asks again for those that had to leave",
  () => OPEN,
  async ({ registry, requests }) => {
    for (let id = 0; id <= 1_000; id++) await registry.schemas.fetched(id);
    assertEquals(registry.schemas.cached(0), undefined);
    assert(registry.schemas.cached(1));
    await registry.schemas.fetched(0);
    assertEquals(requests.length, 1_002);
  },
);

hostileTest(
  "SchemaCache.fetched() keeps 16 Mi characters of schemas at most",
  () => ({
    schemaType: "JSON",
    schema: JSON.stringify({ description: "x".repeat(3_000_000) }),
  }),
  async ({ registry }) => {
    for (let id = 0; id < 6; id++) await registry.schemas.fetched(id);
    const kept = Array.from(
      { length: 6 },
      (_, id) => registry.schemas.cached(id),
    );
    assertEquals(kept.map((schema) => schema !== undefined), [
      false,
      ...Array(5).fill(true),
    ]);
  },
);

hostileTest(
  "SchemaCache.fetched() follows references that never end to a bound",
  (path) => {
    const next = Number(path.split("/").at(-1)) + 1;
    return {
      ...OPEN,
      references: [{ name: `${next}`, subject: "endless", version: next }],
    };
  },
  async ({ registry, requests }) => {
    await assertRejects(
      () => registry.schemas.fetched(0),
      InvalidEventError,
      "Schema 0 can't be used: it refers to more than 100 schemas",
    );
    assertEquals(requests.length, 101);
  },
);

hostileTest(
  "SchemaCache.fetched() asks for none of the references when there are too many",
  () => ({
    ...OPEN,
    references: Array.from(
      { length: 65_000 },
      (_, i) => ({ name: `${i}`, subject: "many", version: i }),
    ),
  }),
  async ({ registry, requests }) => {
    await assertRejects(
      () => registry.schemas.fetched(0),
      InvalidEventError,
      "it refers to more than 100 schemas",
    );
    assertEquals(requests.length, 1);
  },
);

hostileTest(
  "SchemaCache.fetched() asks once for a schema that several refer to by one name",
  (path) => {
    const shared = { name: "shared", subject: "shared", version: 1 };
    const other = { name: "other", subject: "other", version: 1 };
    return path === "/schemas/ids/7"
      ? { ...OPEN, references: [shared, other] }
      : { ...OPEN, references: [shared, other] };
  },
  async ({ registry, requests }) => {
    await registry.schemas.fetched(7);
    assertEquals(requests.toSorted(), [
      "/schemas/ids/7",
      "/subjects/other/versions/1",
      "/subjects/shared/versions/1",
    ]);
  },
);

/** A body that goes on until nobody reads it. */
function endless(onCancel: () => void): Response {
  const chunk = new Uint8Array(2 ** 20).fill(0x20);
  return new Response(
    new ReadableStream({
      pull: (controller) => controller.enqueue(chunk),
      cancel: onCancel,
    }),
  );
}

const cancelled = Promise.withResolvers<void>();
hostileTest(
  "SchemaCache.fetched() reads an endless answer to a bound, and closes it",
  () => endless(cancelled.resolve),
  async ({ registry }) => {
    await assertRejects(
      () => registry.schemas.fetched(7),
      InvalidEventError,
      "is larger than 4194304 bytes",
    );
    await cancelled.promise;
  },
);

hostileTest(
  "SchemaCache.fetched() asks for no compression, and inflates nothing",
  (_, request) => {
    assertEquals(request.headers.get("accept-encoding"), "identity");
    const zeros = new Blob([new Uint8Array(64 * 2 ** 20).fill(0x20)]).stream();
    return new Response(zeros.pipeThrough(new CompressionStream("gzip")), {
      headers: { "content-encoding": "gzip" },
    });
  },
  async ({ registry }) => {
    await assertRejects(
      () => registry.schemas.fetched(7),
      PipelineError,
      "is not JSON",
    );
  },
);

const refusalCancelled = Promise.withResolvers<void>();
hostileTest(
  "register() reads an endless answer to a bound, and throws what no message is blamed for",
  () => endless(refusalCancelled.resolve),
  async ({ registry }) => {
    await assertRejects(
      () => registry.register("demo-value", "{}"),
      OversizedAnswerError,
      "is larger than 4194304 bytes",
    );
    await refusalCancelled.promise;
  },
);

hostileTest(
  "latest() and idOf() say so when the subject or the schema is not there",
  (_, { method }) =>
    method === "POST"
      ? undefined
      : Response.json({ error_code: 40401, message: "No subject" }, {
        status: 404,
      }),
  async ({ registry, requests }) => {
    const absent = await assertRejects(
      () => registry.latest("demo-value"),
      PipelineError,
    );
    assertEquals(
      absent.message,
      'The registry has no schema for the subject "demo-value"',
    );
    const other = await assertRejects(
      () => registry.idOf("demo-value", "{}"),
      PipelineError,
    );
    assertStringIncludes(
      other.message,
      'The schema is not registered for the subject "demo-value"',
    );
    assertEquals(requests, [
      "/subjects/demo-value/versions/latest",
      "/subjects/demo-value",
    ]);
  },
);

hostileTest(
  "register() refuses an id that no message can name",
  () => ({ id: 0x8000_0000 }),
  async ({ registry }) => {
    await assertRejects(
      () => registry.register("demo-value", "{}"),
      PipelineError,
      "The Schema Registry answers with the schema id 2147483648, and the largest is 2147483647",
    );
  },
);
