/**
 * Tests of the settings for security: what they make, what is refused, and that no secret is ever shown.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { resolveConfig } from "../../lib/settings/config.ts";
import denoJson from "../../deno.json" with { type: "json" };
import { UsageError } from "../../lib/base/errors.ts";
import { redact, Secret } from "../../lib/base/secret.ts";

const { env: { allow: VARIABLES }, read: READABLE } =
  denoJson.permissions.pipeline;
const PASSWORD = "hunter2-päss:w=rd";
const TOKEN = "hunter2.token";

type Table = Readonly<Record<string, string>>;

/** Settles the settings of a table of variables and one of files. */
function settle(
  variables: Table,
  files: Readonly<Record<string, string>> = {},
) {
  const warnings: string[] = [];
  const config = resolveConfig({}, {
    env(name) {
      assert(VARIABLES.includes(name), `the permissions lack ${name}`);
      return variables[name];
    },
    file(path) {
      const text = files[path];
      if (text === undefined) throw new Deno.errors.NotFound(`No ${path}`);
      return new TextEncoder().encode(text);
    },
    warn: (line) => warnings.push(line),
  });
  return { ...config, warnings };
}

/** Settles settings that are refused, and makes sure that no value is shown. */
function refusal(variables: Table, files: Table = {}): string {
  const error = assertThrows(
    () => settle(variables, files),
    UsageError,
    undefined,
    JSON.stringify(variables),
  );
  const shown = [error.stack, error.hint, Deno.inspect(error), error.cause];
  assert(!shown.join("\n").includes("hunter2"), shown.join("\n"));
  return error.message;
}

const SASL = {
  KAFKA_SECURITY_PROTOCOL: "SASL_SSL",
  KAFKA_SASL_MECHANISM: "SCRAM-SHA-512",
  KAFKA_SASL_USERNAME: "cafe",
  KAFKA_SASL_PASSWORD: PASSWORD,
};

const REGISTRY = {
  SCHEMA_REGISTRY_URL: "https://r.example.com",
  SCHEMA_REGISTRY_USERNAME: "cafe",
  SCHEMA_REGISTRY_PASSWORD: PASSWORD,
};

Deno.test("resolveConfig() leaves security out when nothing of it is set", () => {
  assertEquals(settle({}).security, undefined);
  const empty = Object.fromEntries(VARIABLES.map((name) => [name, ""]));
  assertEquals(settle(empty).security, undefined);
  const plain = settle({ KAFKA_SECURITY_PROTOCOL: "PLAINTEXT" });
  assertEquals(plain.security, undefined);
  assertEquals(plain.warnings, []);
});

Deno.test("resolveConfig() takes every security protocol and mechanism", () => {
  for (const protocol of ["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]) {
    const login = protocol.startsWith("SASL") ? SASL : {};
    const { security } = settle({
      ...login,
      KAFKA_SECURITY_PROTOCOL: protocol,
    });
    assertEquals(
      security?.kafka?.protocol,
      protocol === "PLAINTEXT" ? undefined : protocol,
    );
  }
  for (const mechanism of ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]) {
    for (const given of [mechanism, mechanism.toLowerCase()]) {
      const { security } = settle({ ...SASL, KAFKA_SASL_MECHANISM: given });
      assertEquals(security?.kafka?.sasl?.mechanism, mechanism);
    }
  }
  const { security } = settle(SASL);
  assertEquals(security?.kafka?.sasl?.username, "cafe");
  assertEquals(security?.kafka?.sasl?.password.reveal(), PASSWORD);
});

Deno.test("resolveConfig() takes one line break off a password's file, and nothing else", () => {
  const { KAFKA_SASL_PASSWORD: _, ...rest } = SASL;
  const endings: [string, string][] = [
    ["p", "p"],
    ["p\n", "p"],
    ["p\r\n", "p"],
    ["p\n\n", "p\n"],
    [" p \n", " p "],
    ["p\r", "p\r"],
    ["\ufeffp", "\ufeffp"],
  ];
  for (const [text, expected] of endings) {
    const { security } = settle(
      { ...rest, KAFKA_SASL_PASSWORD_FILE: "file" },
      { file: text },
    );
    assertEquals(security?.kafka?.sasl?.password.reveal(), expected);
  }
});

Deno.test("resolveConfig() makes the registry's header of a user and password, or of a token", () => {
  const basic = settle(REGISTRY).security?.registry?.authorization;
  const pair = new TextEncoder().encode(`cafe:${PASSWORD}`).toBase64();
  assertEquals(basic?.reveal(), `Basic ${pair}`);
  const bearer = settle({ SCHEMA_REGISTRY_TOKEN_FILE: "file" }, {
    file: `${TOKEN}\n`,
  }).security?.registry?.authorization;
  assertEquals(bearer?.reveal(), `Bearer ${TOKEN}`);
});

Deno.test("resolveConfig() refuses halves and contradictions, by the variable's name and never its value", () => {
  const without = (table: Table, name: string) =>
    Object.fromEntries(Object.entries(table).filter(([key]) => key !== name));
  const protocol = (value: string) => ({ KAFKA_SECURITY_PROTOCOL: value });
  const refused: [Table, string][] = [
    [
      protocol("hunter2"),
      "KAFKA_SECURITY_PROTOCOL takes one of PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL",
    ],
    [
      { ...SASL, KAFKA_SASL_MECHANISM: "hunter2" },
      "KAFKA_SASL_MECHANISM takes one of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512",
    ],
    [
      without(SASL, "KAFKA_SASL_MECHANISM"),
      "KAFKA_SECURITY_PROTOCOL is set, and KAFKA_SASL_MECHANISM is not",
    ],
    [
      without(SASL, "KAFKA_SASL_USERNAME"),
      "KAFKA_SECURITY_PROTOCOL is set, and KAFKA_SASL_USERNAME is not",
    ],
    [
      without(SASL, "KAFKA_SASL_PASSWORD"),
      "KAFKA_SASL_USERNAME is set, and neither KAFKA_SASL_PASSWORD nor KAFKA_SASL_PASSWORD_FILE is",
    ],
    [
      without(SASL, "KAFKA_SECURITY_PROTOCOL"),
      "KAFKA_SASL_MECHANISM is set, and KAFKA_SECURITY_PROTOCOL is not SASL_SSL or SASL_PLAINTEXT",
    ],
    [
      { KAFKA_SASL_PASSWORD: PASSWORD },
      "KAFKA_SASL_PASSWORD is set, and KAFKA_SECURITY_PROTOCOL is not SASL_SSL or SASL_PLAINTEXT",
    ],
    [
      { ...SASL, KAFKA_SECURITY_PROTOCOL: "SSL" },
      "KAFKA_SASL_MECHANISM is set, and KAFKA_SECURITY_PROTOCOL is not SASL_SSL or SASL_PLAINTEXT",
    ],
    [
      { KAFKA_SSL_CA_FILE: "hunter2" },
      "KAFKA_SSL_CA_FILE is set, and KAFKA_SECURITY_PROTOCOL is not SASL_SSL or SSL",
    ],
    [
      { ...SASL, KAFKA_SASL_PASSWORD_FILE: "hunter2" },
      "KAFKA_SASL_PASSWORD and KAFKA_SASL_PASSWORD_FILE are both set",
    ],
    [
      {
        ...without(SASL, "KAFKA_SASL_PASSWORD"),
        KAFKA_SASL_PASSWORD_FILE: "hunter2",
      },
      "The file that KAFKA_SASL_PASSWORD_FILE names does not exist",
    ],
    [
      without(REGISTRY, "SCHEMA_REGISTRY_PASSWORD"),
      "SCHEMA_REGISTRY_USERNAME is set, and neither SCHEMA_REGISTRY_PASSWORD nor SCHEMA_REGISTRY_PASSWORD_FILE is",
    ],
    [
      without(REGISTRY, "SCHEMA_REGISTRY_USERNAME"),
      "SCHEMA_REGISTRY_PASSWORD is set, and SCHEMA_REGISTRY_USERNAME is not",
    ],
    [
      { ...REGISTRY, SCHEMA_REGISTRY_USERNAME: "hunter2:x" },
      "SCHEMA_REGISTRY_USERNAME may not contain a colon",
    ],
    [
      { ...REGISTRY, SCHEMA_REGISTRY_TOKEN: TOKEN },
      "SCHEMA_REGISTRY_USERNAME and SCHEMA_REGISTRY_TOKEN are both set",
    ],
    [
      { SCHEMA_REGISTRY_TOKEN: "hunter2\nhunter2" },
      "SCHEMA_REGISTRY_TOKEN, or its file, has to be one line of ASCII characters without spaces",
    ],
    [
      { SCHEMA_REGISTRY_CA_FILE: "hunter2" },
      "SCHEMA_REGISTRY_CA_FILE is set, and the registry's URL is not https",
    ],
  ];
  for (const [variables, message] of refused) {
    assertEquals(refusal(variables), message);
  }
});

Deno.test("resolveConfig() refuses files that can't be what they should", () => {
  const tls = { KAFKA_SECURITY_PROTOCOL: "SSL" };
  const refused: [Table, Table, string][] = [
    [
      { ...tls, KAFKA_SSL_CA_FILE: "file" },
      { file: "hunter2" },
      "The file that KAFKA_SSL_CA_FILE names contains no certificate in PEM",
    ],
    [
      { ...tls, KAFKA_SSL_CA_FILE: "file" },
      {
        file:
          "-----BEGIN CERTIFICATE-----\nhunter2\n-----END CERTIFICATE-----\n",
      },
      "A certificate in the file that KAFKA_SSL_CA_FILE names is damaged",
    ],
    [
      { ...tls, KAFKA_SSL_CA_FILE: "file" },
      { file: "\n" },
      "The file that KAFKA_SSL_CA_FILE names is empty",
    ],
    [
      { ...tls, KAFKA_SSL_CERT_FILE: "file" },
      { file: "hunter2" },
      "KAFKA_SSL_CERT_FILE is set, and KAFKA_SSL_KEY_FILE is not",
    ],
    [
      { ...tls, KAFKA_SSL_KEY_FILE: "file" },
      { file: "hunter2" },
      "KAFKA_SSL_KEY_FILE is set, and KAFKA_SSL_CERT_FILE is not",
    ],
    [
      { ...tls, KAFKA_SSL_KEY_PASSWORD: "hunter2" },
      {},
      "KAFKA_SSL_KEY_PASSWORD, or its file, is set, and KAFKA_SSL_KEY_FILE is not",
    ],
  ];
  for (const [variables, files, message] of refused) {
    assertEquals(refusal(variables, files), message);
  }
});

Deno.test("resolveConfig() refuses a file that it may not read, and keeps its name to itself", () => {
  const error = assertThrows(
    () =>
      resolveConfig(
        {},
        {
          env: (name) =>
            ({
              ...SASL,
              KAFKA_SASL_PASSWORD: "",
              KAFKA_SASL_PASSWORD_FILE: "hunter2",
            } as Table)[name],
          file() {
            throw new Deno.errors.NotCapable('Requires read to "hunter2"');
          },
        },
      ),
    UsageError,
    "No permission to read the file that KAFKA_SASL_PASSWORD_FILE names",
  );
  assertEquals(error.code, "setting-file-permission");
  assert(!Deno.inspect(error).includes("hunter2"));
});

Deno.test("resolveConfig() warns when credentials go over plain text", () => {
  const warned: [Table, string[]][] = [
    [SASL, []],
    [REGISTRY, []],
    [
      {
        ...SASL,
        KAFKA_SECURITY_PROTOCOL: "SASL_PLAINTEXT",
        KAFKA_SASL_MECHANISM: "PLAIN",
      },
      ["the password for Kafka and all events go over the network in plain text"],
    ],
    [
      { ...SASL, KAFKA_SECURITY_PROTOCOL: "SASL_PLAINTEXT" },
      ["all events go over the network in plain text, and the password can be guessed"],
    ],
    [
      { ...REGISTRY, SCHEMA_REGISTRY_URL: "http://r.example.com" },
      ["the credentials for the Schema Registry go over the network in plain text"],
    ],
    [{ ...REGISTRY, SCHEMA_REGISTRY_URL: "http://127.evil.example" }, [
      "the credentials",
    ]],
    [{ ...REGISTRY, SCHEMA_REGISTRY_URL: "http://localhost:8081" }, []],
    [{ ...REGISTRY, SCHEMA_REGISTRY_URL: "http://127.0.0.1:8081" }, []],
    [{ ...REGISTRY, SCHEMA_REGISTRY_URL: "http://[::1]:8081" }, []],
    [{ SCHEMA_REGISTRY_URL: "http://r.example.com" }, []],
  ];
  for (const [variables, expected] of warned) {
    const { warnings } = settle(variables);
    assertEquals(warnings.length, expected.length, JSON.stringify(variables));
    expected.forEach((part, i) =>
      assertStringIncludes(warnings[i] ?? "", part)
    );
    assert(!warnings.join().includes("hunter2"));
  }
});

Deno.test("resolveConfig() warns of a file with a secret that others can read, and not of certificates", () => {
  const variables: Table = {
    ...SASL,
    KAFKA_SASL_PASSWORD: "",
    KAFKA_SASL_PASSWORD_FILE: "hunter2",
  };
  const warningsFor = (mode: number | null) => {
    const warnings: string[] = [];
    resolveConfig({}, {
      env: (name) => variables[name],
      file: () => new TextEncoder().encode("password"),
      mode: () => mode,
      warn: (line) => warnings.push(line),
    });
    return warnings;
  };
  for (const mode of [0o100600, 0o400, 0o100700, null]) {
    assertEquals(warningsFor(mode), []);
  }
  for (const mode of [0o100644, 0o640, 0o604]) {
    assertEquals(warningsFor(mode), [
      "Warning: the file that KAFKA_SASL_PASSWORD_FILE names can be read by other users of this machine. Give only its owner the right: chmod 600.",
    ]);
  }
});

Deno.test("Secret and the settings that hold it show nothing, however they are printed", () => {
  const secret = new Secret("hunter2");
  assertEquals(String(secret), "[secret]");
  assertEquals(JSON.stringify({ secret }), '{"secret":"[secret]"}');
  assertEquals(`${secret}`, "[secret]");
  assertEquals(Deno.inspect(secret, { showHidden: true }), "[secret]");
  const config = settle({ ...SASL, ...REGISTRY });
  const { sasl } = config.security?.kafka ?? {};
  assertInstanceOf(sasl?.password, Secret);
  const encoded = new TextEncoder().encode(`cafe:${PASSWORD}`).toBase64();
  for (
    const shown of [
      Deno.inspect(config, { depth: 20, showHidden: true }),
      JSON.stringify(config),
      JSON.stringify(structuredClone(JSON.parse(JSON.stringify(config)))),
      Deno.inspect(Object.entries(config), { depth: 20 }),
    ]
  ) {
    assert(!shown.includes("hunter2"), shown);
    assert(!shown.includes(encoded), shown);
  }
});

Deno.test("redact() takes secrets and their base64 out of a text, the longest first", () => {
  const secrets = [new Secret("tea"), new Secret("teapot"), undefined];
  assertEquals(
    redact(`a teapot, tea, ${btoa("teapot")} and ${btoa("tea")}`, secrets),
    "a [secret], [secret], [secret] and [secret]",
  );
  assertEquals(redact("nothing", []), "nothing");
});

Deno.test("the pipeline's permissions name the folder for secrets that git ignores", () => {
  assert(READABLE.includes(".secrets"));
});
