/**
 * Tests of how requests to a registry are sent: redirects, the login, and addresses that the permissions refuse. HTTP servers on
 * this machine answer.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { PipelineError } from "../../lib/base/errors.ts";
import { Secret } from "../../lib/base/secret.ts";
import { RegistryAccess } from "../../lib/registry/access.ts";
import { requestRegistry } from "../../lib/registry/transport.ts";
import { permittedTest } from "../support/permissions.ts";

const LOGIN = new Secret("Basic Y2FmZTpodW50ZXIy");
const ACCESS = new RegistryAccess({ authorization: LOGIN, secrets: [LOGIN] });

/** What a server was sent. */
interface Received {
  readonly method: string;
  readonly path: string;
  readonly body: string;
  readonly login: boolean;
}

/** A server that redirects what comes to `/old` and answers the rest with `[]`. */
class Server implements AsyncDisposable {
  readonly received: Received[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor(
    redirect?: { readonly status: number; readonly location: string },
  ) {
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      async (request) => {
        const { pathname } = new URL(request.url);
        this.received.push({
          method: request.method,
          path: pathname,
          body: await request.text(),
          login: request.headers.has("authorization"),
        });
        return redirect && pathname === "/old"
          ? new Response("", {
            status: redirect.status,
            headers: { location: redirect.location },
          })
          : Response.json([]);
      },
    );
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

const NET = [{ name: "net", host: "127.0.0.1" }] as const;
const POST = { access: ACCESS, body: '{"schema":"é"}' };

for (const status of [301, 302, 307, 308]) {
  permittedTest(
    `requestRegistry() follows HTTP ${status} with the same method and body, and sends the login to no other origin`,
    NET,
    async () => {
      await using same = new Server({ status, location: "/new" });
      assertEquals(await requestRegistry("post", `${same.url}/old`, POST), []);
      const sent = { method: "POST", body: POST.body };
      assertEquals(same.received, [
        { ...sent, path: "/old", login: true },
        { ...sent, path: "/new", login: true },
      ]);
      await using other = new Server();
      await using first = new Server({ status, location: `${other.url}/new` });
      assertEquals(await requestRegistry("post", `${first.url}/old`, POST), []);
      assertEquals(other.received, [{ ...sent, path: "/new", login: false }]);
    },
  );
}

permittedTest(
  "requestRegistry() ends a circle of redirects, and takes one without a usable address for a refusal",
  NET,
  async () => {
    for (const location of ["/old", "ftp://127.0.0.1/", "http://"]) {
      await using server = new Server({ status: 307, location });
      await assertRejects(
        () => requestRegistry("get", `${server.url}/old`),
        PipelineError,
        "HTTP 307",
      );
      assertEquals(server.received.length, location === "/old" ? 6 : 1);
    }
  },
);

const denied = Deno.permissions.querySync(NET[0]).state !== "granted";
Deno.test({
  name:
    "requestRegistry() names the address that a redirect leads to when the permissions refuse it",
  ignore: denied,
  ...(denied ? {} : { permissions: { net: ["127.0.0.1"] } }),
  async fn() {
    const location = "http://registry.example.com:81/new";
    await using server = new Server({ status: 307, location });
    const error = await assertRejects(
      () => requestRegistry("get", `${server.url}/old`),
      PipelineError,
    );
    assertEquals([error.message, error.code, error.details], [
      `No permission to reach registry.example.com:81, to which ${server.url}/old redirects`,
      "net-permission",
      { address: "registry.example.com:81" },
    ]);
  },
});
