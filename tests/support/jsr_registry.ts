/**
 * A registry that speaks JSR's protocol, for packages made up by a test.
 *
 * @module
 */

/** A package by its paths: each file's text, and which file each export is. */
export interface PublishedPackage {
  /** The name, with its scope. */
  readonly name: string;
  /** The only version there is. */
  readonly version: string;
  /** Export names to paths, as in a package's `deno.json`. */
  readonly exports: Readonly<Record<string, string>>;
  /** The files' texts by path, each with a leading slash. */
  readonly files: Readonly<Record<string, string>>;
}

/** A running registry. */
export interface JsrRegistry extends AsyncDisposable {
  /** Its address, for `JSR_URL`. */
  readonly url: string;
}

/**
 * Starts a registry on a free port of this machine.
 *
 * @param packages What it offers.
 * @returns The registry; disposing of it stops it.
 */
export async function serveJsr(
  packages: readonly PublishedPackage[],
): Promise<JsrRegistry> {
  const documents = new Map<string, string>();
  for (const { name, version, exports, files } of packages) {
    const manifest: Record<string, { size: number; checksum: string }> = {};
    for (const [path, text] of Object.entries(files)) {
      const bytes = new TextEncoder().encode(text);
      const digest = await crypto.subtle.digest("SHA-256", bytes);
      const checksum = `sha256-${new Uint8Array(digest).toHex()}`;
      manifest[path] = { size: bytes.length, checksum };
      documents.set(`/${name}/${version}${path}`, text);
    }
    const [scope, bare] = name.slice(1).split("/");
    documents.set(
      `/${name}/meta.json`,
      JSON.stringify({
        scope,
        name: bare,
        latest: version,
        versions: { [version]: {} },
      }),
    );
    documents.set(
      `/${name}/${version}_meta.json`,
      JSON.stringify({ manifest, exports }),
    );
  }
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    ({ url }) => {
      const document = documents.get(new URL(url).pathname);
      return document === undefined
        ? new Response("not found", { status: 404 })
        : new Response(document);
    },
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}/`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
