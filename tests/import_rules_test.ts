/**
 * The rules that keep the folders of `lib/` apart: who may import whom, and who may print. Read from the sources' own text.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { dirname, join, normalize } from "node:path/posix";

/** Which folders of `lib/` each folder may import from, besides itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  base: [],
  settings: ["base"],
  events: ["base", "settings"],
  registry: ["base", "settings", "events"],
  kafka: ["base", "settings", "events"],
  produce: ["base", "settings", "events", "registry", "kafka"],
  consume: ["base", "settings", "events", "registry", "kafka"],
  telemetry: ["base", "events"],
  store: ["base", "settings", "events", "registry", "kafka", "consume"],
  // deno-fmt-ignore
  operate: ["base", "settings", "events", "registry", "kafka", "produce", "consume", "store"],
  // deno-fmt-ignore
  web: ["base", "settings", "events", "registry", "kafka", "produce", "consume", "store", "operate"],
  // deno-fmt-ignore
  cli: ["base", "settings", "events", "registry", "kafka", "produce", "consume", "telemetry", "store", "operate", "web", "engine", "setup"],
  engine: ["base", "settings", "registry", "kafka"],
  setup: ["base"],
};
/** What the public API, `lib/mod.ts`, is made of. */
const API = ["base", "settings", "events", "registry", "kafka"]
  .concat("produce", "consume", "store");

interface Source {
  readonly path: string;
  /** The folder of `lib/` that it is in; undefined for a task. */
  readonly folder: string | undefined;
  readonly text: string;
  /** What it imports: a path from the checkout's folder, or a package. */
  readonly imports: readonly string[];
}

async function* sources(folder: string): AsyncGenerator<Source> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = join(folder, name);
    if (path === "lib/setup/stand_ins") continue;
    if (isDirectory) yield* sources(path);
    if (!name.endsWith(".ts")) continue;
    const text = await Deno.readTextFile(path);
    const code = text.replace(/\/\*\*[^]*?\*\//g, "");
    const found = code.matchAll(/(?:\bfrom|\bimport\(?)\s*"([^"]+)"/g);
    const imports = [...found].map(([, spec = ""]) =>
      spec.startsWith(".") ? normalize(join(dirname(path), spec)) : spec
    );
    yield { path, folder: /^lib\/(\w+)\//.exec(path)?.[1], text, imports };
  }
}

const ignore = (await Deno.permissions.query({ name: "read", path: "." }))
  .state !== "granted";
const read = async () => [
  ...await Array.fromAsync(sources("lib")),
  ...await Array.fromAsync(sources("tasks")),
];

/** Lists what breaks a rule, so that a failure names every place. */
async function check(breaks: (source: Source) => string[]): Promise<void> {
  const found = (await read()).flatMap((source) =>
    breaks(source).map((what) => `${source.path}: ${what}`)
  );
  assertEquals(found, []);
}

Deno.test({
  name: "a folder of lib/ imports only those below it",
  ignore,
  fn: () =>
    check(({ path, folder, imports }) => {
      const may = path === "lib/mod.ts"
        ? API
        : folder
        ? MAY_IMPORT[folder]
        : ["cli", "engine", "setup"];
      return imports.filter((to) => {
        const target = /^lib\/(\w+)\//.exec(to)?.[1];
        if (to === "lib/mod.ts") return folder !== undefined;
        return target && target !== folder && !may?.includes(target);
      });
    }),
});

Deno.test({
  name: "files of one folder of lib/ don't import each other in a circle",
  ignore,
  async fn() {
    const imports = new Map(
      (await read()).map(({ path, imports }) => [path, imports]),
    );
    const reach = (from: string, seen: string[]): string[] =>
      (imports.get(from) ?? []).flatMap((to) =>
        to === seen[0]
          ? [[...seen, to].join(" -> ")]
          : seen.includes(to) || !imports.has(to) || to < (seen[0] ?? "")
          ? []
          : reach(to, [...seen, to])
      );
    const circles = [...imports.keys()].flatMap((path) => reach(path, [path]));
    assertEquals(circles, []);
  },
});

Deno.test({
  name:
    "only kafka/ names kafkajs, and only kafka/patches/ the files inside it",
  ignore,
  fn: () =>
    check(({ path, imports }) =>
      imports.filter((to) =>
        /^(npm:)?kafkajs(@[^/]+)?$/.test(to) &&
          !path.startsWith("lib/kafka/") ||
        /^(npm:)?kafkajs(@[^/]+)?\//.test(to) &&
          !path.startsWith("lib/kafka/patches/")
      )
    ),
});

Deno.test({
  name: "only cli/ and tasks/ print, end the process, or tell of a flag",
  ignore,
  fn: () =>
    check(({ folder, text }) => {
      if (folder === undefined || ["cli", "engine", "setup"].includes(folder)) {
        return [];
      }
      const code = text.replace(/\/\*\*[^]*?\*\/|^\s*\/\/.*$/gm, "");
      return code.match(
        /console\.\w+|Deno\.(?:stdout|stderr|exit|args)\b|["`\s]--[a-z][a-z-]+|deno task \w+/g,
      ) ?? [];
    }),
});

Deno.test({
  name: "only what is named after orders knows an order",
  ignore,
  fn: () =>
    check(({ path, text }) =>
      /^lib\/(events\/order(_day)?|cli\/order_\w+|store\/orders|web\/order_day)\.ts$/
          .test(path)
        ? []
        : text.replaceAll("byte order mark", "")
          .match(/^.*\b(?:orders?|drinks?|customers?|drink_name)\b.*$/gim) ??
          []
    ),
});

Deno.test({
  name: "a package has one version, here and in the tests' import map",
  ignore,
  async fn() {
    const { scopes } = JSON.parse(await Deno.readTextFile("deno.json"));
    const named = (await read()).flatMap(({ imports }) => imports)
      .concat(Object.values<string>(scopes["./tests/"]))
      .flatMap((to) => /^npm:(?:@[^/]+\/)?[^/]+/.exec(to) ?? []);
    const packages = [...new Set(named)].map((each) =>
      each.slice(0, each.lastIndexOf("@"))
    );
    assertEquals(packages.toSorted(), [...new Set(packages)].toSorted());
  },
});
