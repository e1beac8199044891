/**
 * Storing events in a database, each once, with aggregates.
 *
 * @example Keep the points by card
 * ```ts ignore
 * import { loyaltyScans } from "@campus-cafe/event-pipeline/loyalty_scan";
 * import { aggregate, count, store, sum } from "@campus-cafe/event-pipeline/store";
 *
 * const points = aggregate(loyaltyScans, {
 *   name: "card_points",
 *   by: { card_id: (scan) => scan.card_id },
 *   fold: { scans: count(), points: sum((scan) => scan.points) },
 * });
 *
 * await store(loyaltyScans, { aggregates: [points] }, {
 *   database: { path: ".data/points.db" },
 *   group: "points",
 * });
 * ```
 *
 * @module
 */

export {
  Aggregate,
  aggregate,
  type AggregateDefinition,
  type AggregateRow,
  count,
  type Fold,
  type Folds,
  type GroupKey,
  max,
  min,
  sum,
  type TimedEvent,
} from "./aggregate.ts";
export type { StoredBatch } from "./event_store.ts";
export { store, type StoreOptions } from "./store.ts";
export {
  columnsOf,
  type EventColumn,
  type EventColumns,
  type StoredEventDefinition,
} from "./stored_event.ts";
export type { Column, ColumnType, Merge, Table, Value } from "./table.ts";
export { tumbling, TumblingWindow, type WindowLength } from "./window.ts";
export {
  type DatabaseOptions,
  type DatabaseSettings,
  type FileDatabaseSettings,
  type PostgresSettings,
  resolveDatabase,
} from "../settings/database.ts";
