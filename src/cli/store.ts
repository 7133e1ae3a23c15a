/** Which store a command works on: a file, or a server with `--url`. Both answer alike. */
import { BucketsError, isBucketsError } from "../domain/errors.js";
import { type BucketStore, type Buckets, connectBuckets, openBuckets } from "../index.js";

export interface StoreFlags {
  readonly file: string;
  readonly url?: string;
  readonly token?: string;
  readonly namespace: string;
}

/** Opens what the flags name; a file is opened for reading only, beside whoever writes to it. */
export async function openForReading(flags: StoreFlags): Promise<BucketStore> {
  if (flags.url !== undefined) return connect(flags.url, flags);
  return await openBuckets({ file: flags.file, readOnly: true, ...secretKey() });
}

/** @throws LOCKED when a server holds the file: it must be asked instead. */
export async function openForWriting(flags: StoreFlags): Promise<BucketStore> {
  if (flags.url !== undefined) return connect(flags.url, flags);
  try {
    return await openBuckets({ file: flags.file, ...secretKey() });
  } catch (error) {
    if (!isBucketsError(error) || error.code !== "LOCKED") throw error;
    const hint = "change it through the server:  add --url http://… and --token …";
    throw new BucketsError(error.code, error.message, { ...error.details, hint }, error);
  }
}

function connect(baseUrl: string, { token }: StoreFlags): BucketStore {
  return connectBuckets({ baseUrl, ...(token !== undefined && { token }) });
}

/** Runs `work` on the buckets of the namespace, and closes the store after it. */
export async function reading(
  flags: StoreFlags,
  work: (buckets: Buckets) => Promise<void>,
): Promise<void> {
  await using store = await openForReading(flags);
  await work(store.namespace(flags.namespace).buckets);
}

/** Sealing the secrets of a source adapter needs the key that the server has. */
function secretKey(): { readonly secretKey?: string } {
  const key = process.env["BUCKETLOG_SECRET_KEY"];
  return key === undefined ? {} : { secretKey: key };
}
