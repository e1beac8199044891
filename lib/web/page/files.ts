/**
 * The files of the page, as text: they travel with the program and need no permission to be read.
 *
 * @module
 */

import { createHash } from "node:crypto";
import preact from "npm:htm@3.1.1/preact/standalone" with { type: "text" };
import uplotStyle from "npm:uplot@1.6.32/dist/uPlot.min.css" with {
  type: "text",
};
import uplot from "npm:uplot@1.6.32/dist/uPlot.iife.min.js" with {
  type: "text",
};
import address from "./address.js" with { type: "text" };
import api from "./api.js" with { type: "text" };
import chart from "./chart.js" with { type: "text" };
import day from "./day.js" with { type: "text" };
import format from "./format.js" with { type: "text" };
import groups from "./groups.js" with { type: "text" };
import icon from "./icon.svg" with { type: "text" };
import index from "./index.html" with { type: "text" };
import kafka from "./kafka.js" with { type: "text" };
import letters from "./letters.js" with { type: "text" };
import lines from "./lines.js" with { type: "text" };
import live from "./live.js" with { type: "text" };
import main from "./main.js" with { type: "text" };
import message from "./message.js" with { type: "text" };
import messages from "./messages.js" with { type: "text" };
import parts from "./parts.js" with { type: "text" };
import rows from "./rows.js" with { type: "text" };
import schemas from "./schemas.js" with { type: "text" };
import style from "./style.css" with { type: "text" };
import today from "./today.js" with { type: "text" };
import topics from "./topics.js" with { type: "text" };

const TYPES: Readonly<Record<string, string>> = {
  css: "text/css; charset=utf-8",
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml; charset=utf-8",
};

/** A file of the page. */
export interface PageFile {
  readonly type: string;
  readonly text: string;
  readonly etag: string;
}

/** The files under `/page/`, by name; `index.html` is the page itself. */
export const pageFiles: ReadonlyMap<string, PageFile> = new Map(
  Object.entries({
    "address.js": address,
    "api.js": api,
    "chart.js": chart,
    "day.js": day,
    "format.js": format,
    "groups.js": groups,
    "icon.svg": icon,
    "index.html": index,
    "kafka.js": kafka,
    "letters.js": letters,
    "lines.js": lines,
    "live.js": live,
    "main.js": main,
    "message.js": message,
    "messages.js": messages,
    "parts.js": parts,
    "preact.js": preact,
    "rows.js": rows,
    "schemas.js": schemas,
    "style.css": style,
    "today.js": today,
    "topics.js": topics,
    "uplot.css": uplotStyle,
    // The smaller of the package's files makes a global variable instead of a module.
    "uplot.js": `${uplot}\nexport default uPlot;\n`,
  }).map(([name, text]) => {
    const type = TYPES[name.slice(name.lastIndexOf(".") + 1)] ?? "text/plain";
    const digest = createHash("sha256").update(text).digest("base64");
    return [name, { type, text, etag: `"${digest}"` }];
  }),
);
