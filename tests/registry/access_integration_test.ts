/**
 * Tests of the way to the real registry: a proxy in the environment, and a server that is its own authority.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { Authority, opensslProblem } from "../support/certificates.ts";
import { integrationTest } from "../support/integration.ts";
import { RegistryProxy } from "../support/registry_proxy.ts";
import { runTaskProcess } from "../support/task_process.ts";
import { makeTopic } from "../support/topics.ts";
import { scratchFolder } from "../support/scratch_folder.ts";

integrationTest(
  "produce and consume reach the registry directly when the environment names a proxy",
  async (bench) => {
    const { config, topic, group } = bench;
    await makeTopic(bench);
    const requests: string[] = [];
    await using proxy = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      (request) => {
        requests.push(`${request.method} ${request.url}`);
        return new Response("Forbidden by policy", { status: 403 });
      },
    );
    const url = `http://127.0.0.1:${proxy.addr.port}`;
    const env = {
      // Deno's own request, which does go through the proxy.
      DENO_NO_UPDATE_CHECK: "1",
      ...Object.fromEntries(
        ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"].flatMap((name) => [
          [name, url],
          [name.toLowerCase(), url],
        ]),
      ),
    };
    // Also where the permissions name the proxy.
    for (const reach of [[], [`127.0.0.1:${proxy.addr.port}`]]) {
      for (
        const [task, ...args] of [
          ["produce", "--count=1"],
          ["consume", "--count=1", `--group=${group}`],
        ] as const
      ) {
        const { code, stderr } = await runTaskProcess(
          config,
          task,
          [`--topic=${topic}`, ...args],
          { env, reach },
        );
        assertEquals({ code, stderr }, { code: 0, stderr: "" });
      }
    }
    assertEquals(requests, []);
  },
);

const problem = await opensslProblem();
if (problem) {
  Deno.test({
    name: `a registry that is its own authority (${problem})`,
    ignore: true,
    fn() {},
  });
} else {
  integrationTest(
    "produce trusts a registry whose certificate is its own authority's",
    async (bench) => {
      const { config, topic } = bench;
      await makeTopic(bench);
      await using scratch = await scratchFolder();
      const { own } = await Authority.create(scratch.path, "localhost");
      await using registry = new RegistryProxy(config.registryUrl, {
        certified: own,
      });
      const { code, stderr } = await runTaskProcess(
        { ...config, registryUrl: registry.url },
        "produce",
        [`--topic=${topic}`, "--count=1"],
        {
          env: { SCHEMA_REGISTRY_CA_FILE: own.certFile },
          reach: [registry.host],
          read: [scratch.path],
        },
      );
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
    },
  );
}
