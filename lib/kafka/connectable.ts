/**
 * What every Kafka client has in common.
 *
 * @module
 */

/** A client with a connection. */
export interface Connectable {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
}
