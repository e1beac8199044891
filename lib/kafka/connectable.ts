/**
 * What every Kafka client has in common.
 *
 * @module
 */

/** A client with a connection. */
export interface Connectable {
  /** Opens the connection. */
  connect(): Promise<void>;
  /** Closes it. */
  disconnect(): Promise<void>;
}
