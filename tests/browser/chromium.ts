/**
 * Drives the system's Chromium over its own protocol: opens pages, clicks, types, and keeps what the pages complain about.
 *
 * @module
 */

import { eventually } from "../support/eventually.ts";

/** What each part of the driver needs. */
const NEEDS: readonly Deno.PermissionDescriptor[] = [
  { name: "run", command: "sh" },
  { name: "net", host: "127.0.0.1" },
];

/**
 * Runs the browser with a profile of its own. It ends with its input, so that no browser is left behind by a test that is killed. It
 * has no sandbox, which root can't have, and which is for other sites' pages.
 */
const RUN = `profile=$(mktemp -d /tmp/cafe-chromium-XXXXXX)
end() {
  kill $pid
  wait $pid
  # Its own processes end a moment later, and may write until then.
  for try in $(seq 100); do
    rm -rf "$profile"
    sleep 0.1
    [ -e "$profile" ] || exit
  done
}
trap 'end 2>/dev/null' EXIT
trap '' INT HUP TERM
chromium --no-sandbox --headless=new --user-data-dir="$profile" --remote-debugging-port=0 --no-first-run --disable-gpu \\
  --disable-background-networking --disable-component-update --disable-extensions --disable-sync \\
  --font-render-hinting=none --hide-scrollbars --force-color-profile=srgb about:blank >/dev/null &
pid=$!
cat >/dev/null`;

/** Why no browser can be started; undefined if one can. */
export const whyNoChromium: string | undefined = await findProblem();

async function findProblem(): Promise<string | undefined> {
  if (
    NEEDS.some((need) => Deno.permissions.querySync(need).state !== "granted")
  ) return "needs --allow-run=sh --allow-net";
  const { success } = await new Deno.Command("sh", {
    args: ["-c", "command -v chromium"],
    stdout: "null",
  }).output();
  return success ? undefined : "needs Chromium";
}

interface Answer {
  readonly id?: number;
  readonly sessionId?: string;
  readonly method?: string;
  // deno-lint-ignore no-explicit-any
  readonly params?: any;
  // deno-lint-ignore no-explicit-any
  readonly result?: any;
  readonly error?: { readonly message: string };
}

/** A browser. Disposing of it ends it. */
export class Chromium implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #calls = new Map<number, PromiseWithResolvers<Answer>>();
  readonly #listeners = new Map<string, (event: Answer) => void>();
  #socket: WebSocket | undefined;
  #log: Promise<string> = Promise.resolve("");
  #lastId = 0;

  private constructor() {
    this.#child = new Deno.Command("sh", {
      args: ["-c", RUN],
      stdin: "piped",
      stdout: "null",
      stderr: "piped",
    }).spawn();
  }

  /**
   * Starts a browser.
   *
   * @returns The browser.
   * @throws {Error} If it ends at once.
   */
  static async launch(): Promise<Chromium> {
    const browser = new Chromium();
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    browser.#log = browser.#read(resolve);
    browser.#log.then((log) => reject(new Error(`Chromium ended: ${log}`)));
    const socket = browser.#socket = new WebSocket(await promise);
    socket.onmessage = ({ data }) => browser.#receive(JSON.parse(data));
    await new Promise((resolve) => socket.onopen = resolve);
    return browser;
  }

  /** Reads what it logs, to the end: its pipe must not fill up. */
  async #read(onUrl: (url: string) => void): Promise<string> {
    let log = "";
    const text = this.#child.stderr.pipeThrough(new TextDecoderStream());
    for await (const chunk of text) {
      if (log.length < 10_000) log += chunk;
      const [, url] = /DevTools listening on (ws:\S+)/.exec(log) ?? [];
      if (url) onUrl(url);
    }
    return log;
  }

  #receive(answer: Answer): void {
    if (answer.id !== undefined) this.#calls.get(answer.id)?.resolve(answer);
    else this.#listeners.get(answer.sessionId ?? "")?.(answer);
  }

  /** Calls a method of the protocol. */
  async call(
    method: string,
    { params = {}, sessionId }: { params?: object; sessionId?: string } = {},
    // deno-lint-ignore no-explicit-any
  ): Promise<any> {
    const id = ++this.#lastId;
    const call = Promise.withResolvers<Answer>();
    this.#calls.set(id, call);
    this.#socket?.send(JSON.stringify({ id, method, params, sessionId }));
    const { result, error } = await call.promise;
    this.#calls.delete(id);
    if (error) throw new Error(`${method}: ${error.message}`);
    return result;
  }

  /**
   * Opens a page in a profile of its own.
   *
   * @param url What it shows.
   * @param look How it looks.
   * @returns The page, loaded.
   */
  async open(url: string, look: Look = {}): Promise<Page> {
    const { browserContextId } = await this.call("Target.createBrowserContext");
    const { targetId } = await this.call("Target.createTarget", {
      params: { url: "about:blank", browserContextId },
    });
    const { sessionId } = await this.call("Target.attachToTarget", {
      params: { targetId, flatten: true },
    });
    const page = new Page((method, params = {}) =>
      this.call(method, { params, sessionId })
    );
    this.#listeners.set(sessionId, (event) => page.note(event));
    for (const domain of ["Page", "Runtime", "Log"]) {
      await page.call(`${domain}.enable`);
    }
    await page.look(look);
    await page.goTo(url);
    return page;
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    const closed = Promise.withResolvers<void>();
    if (this.#socket) this.#socket.onclose = () => closed.resolve();
    else closed.resolve();
    await this.#child.stdin.close();
    await this.#child.status;
    // Its own processes end a moment later.
    await this.#log;
    await closed.promise;
  }
}

/** How a page looks. */
export interface Look {
  /** Its width, in CSS pixels; 1,280 by default. */
  readonly width?: number;
  /** Its height, in CSS pixels; 900 by default. */
  readonly height?: number;
  /** Device pixels in a CSS pixel; 1 by default. */
  readonly scale?: number;
  /** Whether it is dark; light by default. */
  readonly dark?: boolean;
}

/** A page. */
export class Page {
  /** What it complained of: exceptions, errors on the console, refused by its own policy, not loaded. */
  readonly complaints: string[] = [];
  /** Calls a method of the protocol for this page. */
  // deno-lint-ignore no-explicit-any
  readonly call: (method: string, params?: object) => Promise<any>;
  #loaded = Promise.withResolvers<void>();

  /** @param call Calls a method of the protocol for this page. */
  constructor(call: Page["call"]) {
    this.call = call;
  }

  /** Keeps an event of the page. */
  note({ method, params }: Answer): void {
    if (method === "Page.loadEventFired") this.#loaded.resolve();
    if (method === "Runtime.exceptionThrown") {
      const { text, exception } = params.exceptionDetails;
      this.complaints.push(`${text} ${exception?.description ?? ""}`);
    }
    if (
      method === "Runtime.consoleAPICalled" &&
      ["error", "warning", "assert"].includes(params.type)
    ) {
      this.complaints.push(
        params.args.map((
          { value, description }: { value?: unknown; description?: string },
        ) => value ?? description).join(" "),
      );
    }
    if (
      method === "Log.entryAdded" &&
      ["error", "warning"].includes(params.entry.level)
    ) {
      this.complaints.push(`${params.entry.text} ${params.entry.url ?? ""}`);
    }
  }

  /** Changes how it looks. */
  async look(
    { width = 1_280, height = 900, scale = 1, dark = false }: Look,
  ): Promise<void> {
    await this.call("Emulation.setDeviceMetricsOverride", {
      width,
      height,
      deviceScaleFactor: scale,
      mobile: false,
    });
    await this.call("Emulation.setEmulatedMedia", {
      features: [{
        name: "prefers-color-scheme",
        value: dark ? "dark" : "light",
      }],
    });
  }

  /** Goes to an address, and waits until it is loaded. */
  async goTo(url: string): Promise<void> {
    this.#loaded = Promise.withResolvers();
    const before = await this.evaluate("location.href");
    const { errorText } = await this.call("Page.navigate", { url });
    if (errorText) throw new Error(`${url}: ${errorText}`);
    // From one place of the page to another, nothing is loaded.
    const [from, to] = [new URL(String(before)), new URL(url)];
    if (from.origin === to.origin && to.hash && from.pathname === to.pathname) {
      return;
    }
    await this.#loaded.promise;
  }

  /**
   * Evaluates an expression in it.
   *
   * @param expression JavaScript; a promise is waited for.
   * @returns Its value, as JSON carries it.
   * @throws {Error} If it throws.
   */
  async evaluate<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = await this.call("Runtime.evaluate", {
      expression,
      awaitPromise: true,
      returnByValue: true,
      userGesture: true,
    });
    if (exceptionDetails) {
      const { text, exception } = exceptionDetails;
      throw new Error(`${text} ${exception?.description ?? ""}: ${expression}`);
    }
    return result.value;
  }

  /** Reads what it shows, as text. */
  text(selector = "body"): Promise<string> {
    return this.evaluate(
      `document.querySelector(${JSON.stringify(selector)})?.innerText ?? ""`,
    );
  }

  /**
   * Waits until it shows a text.
   *
   * @param what What the text has to match.
   * @param selector Where; anywhere by default.
   * @throws {Error} If it doesn't show it within 20 s, with what it shows.
   */
  async shows(what: RegExp | string, selector?: string): Promise<void> {
    let text = "";
    await eventually(`the page shows ${what}`, async () => {
      text = await this.text(selector);
      return typeof what === "string" ? text.includes(what) : what.test(text);
    }).catch((error) => {
      throw new Error(`${error.message}\nIt shows: ${text}`);
    });
  }

  /**
   * Clicks on an element with the mouse, once it is there.
   *
   * @param selector A CSS selector.
   * @param text The text that it has to have; the first one by default.
   */
  async click(selector: string, text?: string): Promise<void> {
    const find = `[...document.querySelectorAll(${
      JSON.stringify(selector)
    })].find((each) => each.checkVisibility() && ${
      text === undefined
        ? "true"
        : `each.innerText.trim() === ${JSON.stringify(text)}`
    })`;
    await eventually(`a click on ${selector} ${text ?? ""}`, async () => {
      const place = await this.evaluate<{ x: number; y: number } | null>(
        `(async () => {
        const element = ${find};
        if (!element || element.disabled) return null;
        element.scrollIntoView({ block: "nearest" });
        // A link may run over several lines.
        const [before] = element.getClientRects();
        await new Promise(requestAnimationFrame);
        const [{ x, y, width, height }] = element.getClientRects();
        // It must not move, nor lie under another.
        const middle = { x: x + width / 2, y: y + height / 2 };
        const there = document.elementFromPoint(middle.x, middle.y);
        if (before.x !== x || before.y !== y || !element.contains(there)) return null;
        globalThis.isClicked = false;
        element.addEventListener("click", () => globalThis.isClicked = true, { capture: true });
        return middle;
      })()`,
      );
      if (place === null) return false;
      for (const type of ["mouseMoved", "mousePressed", "mouseReleased"]) {
        const button = type === "mouseMoved" ? "none" : "left";
        await this.call("Input.dispatchMouseEvent", {
          type,
          ...place,
          button,
          clickCount: type === "mouseMoved" ? 0 : 1,
        });
      }
      // What the page shows meanwhile may have moved it away.
      return await this.evaluate<boolean>("globalThis.isClicked");
    });
  }

  /** Types a text into what has the focus. */
  async type(text: string): Promise<void> {
    await this.call("Input.insertText", { text });
  }

  /**
   * Presses a key.
   *
   * @param key Its name, such as `Enter`, `ArrowDown` or `/`.
   */
  async press(key: string): Promise<void> {
    const codes: Readonly<Record<string, number>> = {
      Tab: 9,
      Enter: 13,
      Escape: 27,
      End: 35,
      Home: 36,
      ArrowUp: 38,
      ArrowDown: 40,
    };
    const text = key === "Enter" ? "\r" : key.length === 1 ? key : undefined;
    const event = {
      key,
      code: key,
      windowsVirtualKeyCode: codes[key] ?? key.charCodeAt(0),
      ...(text !== undefined && { text }),
    };
    await this.call("Input.dispatchKeyEvent", { type: "keyDown", ...event });
    await this.call("Input.dispatchKeyEvent", { type: "keyUp", ...event });
  }

  /** Takes a picture of what is in sight, as WebP. */
  async picture(): Promise<Uint8Array> {
    const { data } = await this.call("Page.captureScreenshot", {
      format: "webp",
      quality: 90,
    });
    return Uint8Array.fromBase64(data);
  }

  /** Measures its heap after a collection, in bytes. */
  async heapBytes(): Promise<number> {
    await this.call("HeapProfiler.enable");
    await this.call("HeapProfiler.collectGarbage");
    const { usedSize } = await this.call("Runtime.getHeapUsage");
    return usedSize;
  }
}
