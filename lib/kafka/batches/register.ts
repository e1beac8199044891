/**
 * Has kafkajs read every codec that Kafka knows, within limits.
 *
 * Of itself it knows gzip only and inflates that with no limit (kafkajs issue 1795); a batch of any other codec ends the consumer.
 *
 * @module
 */

import { AsyncLocalStorage } from "node:async_hooks";
import { Buffer } from "node:buffer";
import { messageOf } from "../../base/errors.ts";
import {
  FetchContext,
  readBatch,
  UndecodableBatchError,
} from "./batch_reader.ts";
import { MAX_CODEC, MIN_CODEC } from "./inflate.ts";
import { standInRecords } from "./undecodable_batch.ts";

interface Codec {
  /** kafkajs reads the records by methods that only a buffer has. */
  decompress(data: Uint8Array): Promise<Buffer>;
}

interface Exchange {
  readonly response: {
    decode(response: Uint8Array): Promise<unknown>;
  };
}

/** kafkajs' module for the fetch API. */
interface FetchApi {
  protocol(
    options: { readonly version: number },
  ): (request: unknown) => Exchange;
}

const currentFetch = new AsyncLocalStorage<FetchContext>();

/** Has each response remembered while it is decoded. */
function watchFetches(api: FetchApi): void {
  const original = api.protocol;
  api.protocol = ({ version }) => {
    const exchange = original({ version });
    return (request) => {
      const { response, ...rest } = exchange(request);
      const decode = async (data: Uint8Array) => {
        try {
          const context = new FetchContext(data, version);
          return await currentFetch.run(context, () => response.decode(data));
        } catch (error) {
          if (error instanceof UndecodableBatchError) throw error;
          throw new UndecodableBatchError(
            `What Kafka answered to a fetch can't be read: ${messageOf(error)}`,
          );
        }
      };
      return { ...rest, response: { ...response, decode } };
    };
  };
}

async function readOrStandIn(
  codec: number,
  data: Uint8Array,
): Promise<Uint8Array> {
  try {
    return await readBatch(codec, data, currentFetch.getStore());
  } catch (error) {
    if (!(error instanceof UndecodableBatchError) || !error.batch) throw error;
    return standInRecords(error.batch);
  }
}

async function register(): Promise<void> {
  const [{ CompressionCodecs }, { default: fetchApi }] = await Promise.all([
    import("kafkajs"),
    import("kafkajs/src/protocol/requests/fetch/index.js"),
  ]);
  const codecs = CompressionCodecs as unknown as Record<number, () => Codec>;
  for (let codec = MIN_CODEC; codec <= MAX_CODEC; codec++) {
    const reader: Codec = {
      decompress: async (data) => {
        const read = await readOrStandIn(codec, data);
        return Buffer.from(read.buffer, read.byteOffset, read.byteLength);
      },
    };
    codecs[codec] = () => reader;
  }
  watchFetches(fetchApi as unknown as FetchApi);
}

let registered: Promise<void> | undefined;

/**
 * Registers the codecs with kafkajs, for every client of this process. A second call changes nothing. Batches are read with
 * them, not written: this project sends its own uncompressed.
 */
export async function registerCodecs(): Promise<void> {
  await (registered ??= register());
}
