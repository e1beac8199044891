/**
 * Requests to a registry: what they carry, and which answers are an outage, a refusal, or neither. A small HTTP server on this
 * machine answers.
 *
 * @module
 */

import {
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { OutageError, PipelineError } from "../../lib/base/errors.ts";
import {
  RegistryResponseError,
  requestRegistry,
} from "../../lib/registry/transport.ts";
import { permittedTest } from "../support/permissions.ts";

type Answer = (request: Request) => Response | Promise<Response>;

/** Registers a test with a server that answers as the test says; `url` is its root. */
function serverTest(
  name: string,
  fn: (url: string, answerWith: (answer: Answer) => void) => Promise<void>,
): void {
  permittedTest(name, [{ name: "net", host: "127.0.0.1" }], async () => {
    let answer: Answer = () => new Response("{}");
    const server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) => answer(request),
    );
    try {
      await fn(
        `http://127.0.0.1:${server.addr.port}`,
        (next) => answer = next,
      );
    } finally {
      await server.shutdown();
    }
  });
}

serverTest(
  "requestRegistry() sends method and body, and returns the answer's JSON",
  async (url, answerWith) => {
    const seen: unknown[] = [];
    answerWith(async (request) => {
      const { method, headers } = request;
      const path = new URL(request.url).pathname;
      seen.push([
        method,
        path,
        headers.get("accept"),
        headers.get("content-type"),
      ]);
      seen.push(await request.text());
      return Response.json({ id: 7 });
    });
    const init = { body: '{"schema":"é"}' };
    assertEquals(await requestRegistry("post", `${url}/s`, init), { id: 7 });
    assertEquals(await requestRegistry("get", `${url}/t`), { id: 7 });
    const accept = "application/vnd.schemaregistry.v1+json, application/json";
    assertEquals(seen, [
      ["POST", "/s", accept, "application/json"],
      '{"schema":"é"}',
      ["GET", "/t", accept, null],
      "",
    ]);
  },
);

serverTest(
  "requestRegistry() throws RegistryResponseError with the registry's own words when it refuses",
  async (url, answerWith) => {
    const table: [number, string, string][] = [
      [
        404,
        '{"error_code":40403,"message":"Schema not found"}',
        "Schema not found",
      ],
      [409, '{"message":"Incompatible schema"}', "Incompatible schema"],
      [
        409,
        '{"message":"io.apicurio.rules.RuleViolationException: Incompatible"}',
        "Incompatible",
      ],
      [422, '{"detail":"Syntax violation"}', "Syntax violation"],
      [422, '{"message":"Line 1\\n  Line 2\\n"}', "Line 1 Line 2"],
      [405, "<html><h1>Not\n allowed</h1></html>", "Not allowed"],
      [400, '{"message":7}', '{"message":7}'],
      [400, "null", "null"],
      [400, "x".repeat(5_000), `${"x".repeat(400)}…`],
    ];
    for (const [status, body, reason] of table) {
      answerWith(() => new Response(body, { status }));
      const error = await assertRejects(
        () => requestRegistry("get", `${url}/a`),
        RegistryResponseError,
      );
      assertEquals([error.status, error.reason], [status, reason]);
      assertEquals(
        error.message,
        `The Schema Registry answers HTTP ${status} to GET ${url}/a: ${reason}`,
      );
      assertEquals(
        error.hint?.includes("a proxy"),
        /^[^{]/.test(body) || undefined,
      );
    }
  },
);

serverTest(
  "requestRegistry() hints at a proxy when a page forbids the request",
  async (url, answerWith) => {
    answerWith(() =>
      new Response("<h1>Forbidden by policy</h1>", { status: 403 })
    );
    const error = await assertRejects(
      () => requestRegistry("get", url),
      RegistryResponseError,
      "HTTP 403",
    );
    assertEquals(error.reason, "Forbidden by policy");
    assertStringIncludes(error.hint ?? "", "a proxy");
  },
);

serverTest(
  "requestRegistry() names the status when a refusal has no words",
  async (url, answerWith) => {
    answerWith(() => new Response("", { status: 404 }));
    const error = await assertRejects(
      () => requestRegistry("get", url),
      RegistryResponseError,
    );
    assertEquals(error.reason, "Not Found");
  },
);

serverTest(
  "requestRegistry() hints at credentials when the registry wants others",
  async (url, answerWith) => {
    for (const status of [401, 403]) {
      answerWith(() => new Response("", { status }));
      const error = await assertRejects(
        () => requestRegistry("get", url),
        RegistryResponseError,
      );
      assertEquals(error.status, status);
      assertStringIncludes(error.hint ?? "", "credentials");
    }
  },
);

serverTest(
  "requestRegistry() escapes what a terminal would obey in the registry's words",
  async (url, answerWith) => {
    for (
      const body of [
        JSON.stringify({ message: "\u001b[2Jgone\u202e" }),
        "\u001b[2Jgone\u202e",
      ]
    ) {
      answerWith(() => new Response(body, { status: 422 }));
      const error = await assertRejects(
        () => requestRegistry("get", url),
        RegistryResponseError,
      );
      assertEquals(error.reason, "\\u001b[2Jgone\\u202e");
    }
  },
);

serverTest(
  "requestRegistry() throws OutageError when the registry says that it can't answer now",
  async (url, answerWith) => {
    for (const status of [408, 429, 500, 502, 503, 504]) {
      answerWith(() => Response.json({ message: "Later" }, { status }));
      const error = await assertRejects(
        () => requestRegistry("get", url),
        OutageError,
      );
      assertEquals(
        error.message,
        `The Schema Registry answers HTTP ${status} to GET ${url}: Later`,
      );
      assertInstanceOf(error.cause, RegistryResponseError);
    }
  },
);

serverTest(
  "requestRegistry() throws an error that is not an outage when the answer is not JSON",
  async (url, answerWith) => {
    for (const body of ["", "<html>", "{"]) {
      answerWith(() => new Response(body));
      const error = await assertRejects(
        () => requestRegistry("get", url),
        PipelineError,
        `What answers to GET ${url} is not JSON: `,
      );
      assertEquals(error instanceof OutageError, false);
    }
  },
);

permittedTest(
  "requestRegistry() throws OutageError with what to do when nothing listens",
  [{ name: "net", host: "127.0.0.1" }],
  async () => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr;
    listener.close();
    const url = `http://127.0.0.1:${port}`;
    const error = await assertRejects(
      () => requestRegistry("get", `${url}/subjects`),
      OutageError,
    );
    assertEquals(
      [error.message, error.code],
      [
        `The Schema Registry can't be reached at ${url}`,
        "registry-unreachable",
      ],
    );
    assertInstanceOf(error.cause, Error);
  },
);

Deno.test({
  name: "requestRegistry() names the address that the permissions don't allow",
  permissions: { net: false },
  async fn() {
    const error = await assertRejects(
      () => requestRegistry("get", "http://registry.example.com:81/subjects"),
      PipelineError,
    );
    assertEquals(
      [error.message, error.code, error.details],
      [
        "No permission to reach registry.example.com:81",
        "net-permission",
        { address: "registry.example.com:81" },
      ],
    );
  },
});
