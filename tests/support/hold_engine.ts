/**
 * Starts a throwaway engine, prints its process ids and folder in a line of JSON, and keeps it until it is killed.
 *
 * @module
 */

import { startThrowawayEngine } from "./throwaway_engine.ts";

const { broker, registry, folders } = await startThrowawayEngine();
console.log(
  JSON.stringify({ pids: [broker.pid, registry.pid], root: folders.root }),
);
setInterval(() => {}, 60_000);
