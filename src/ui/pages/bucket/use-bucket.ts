/** A bucket as it is shown: now, then, or as it last was. */
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import {
  type BucketRead,
  type Buckets,
  type HistoryEntry,
  isBucketsError,
  type Namespace,
} from "../../../client/index.js";
import { readThing } from "../../answer/read-thing.js";

export interface ShownBucket {
  readonly id: string;
  /** What is shown: of now, or of the moment that the address names. */
  readonly read: BucketRead;
  /** Its newest event. */
  readonly latest: HistoryEntry;
  /** The event that deleted it: then what is shown is how it was before that. */
  readonly deletion: HistoryEntry | undefined;
  /** The lock event that holds now, if one does. */
  readonly lock: HistoryEntry | undefined;
  /** The moment that the address names; undefined for now. */
  readonly asOf: string | undefined;
  /** The same for what the bucket holds, which knows nothing of the bucket's versions. */
  readonly moment: string | undefined;
}

/**
 * The bucket at that moment, also if it is deleted by now.
 * @param bucket an id or a name; the address may hold either.
 */
export async function readBucket(
  { buckets }: Namespace,
  bucket: string,
  asOf: string | undefined,
): Promise<ShownBucket> {
  const { read, latest, deletion } = await readThing(buckets, bucket, asOf, (moment) =>
    readAt(buckets, bucket, moment),
  );
  const isLocked = read.bucket.is_locked && asOf === undefined;
  const locks = isLocked
    ? await buckets.history(bucket, { type: "bucket.locked", limit: 1 })
    : undefined;
  const moment = isVersion(asOf) ? `@${read.position}` : asOf;
  return { id: latest.bucket_id, read, latest, deletion, lock: locks?.results[0], asOf, moment };
}

/** A version that deleted the bucket left nothing to show: then how it was before that. */
async function readAt(
  buckets: Buckets,
  bucket: string,
  asOf: string | undefined,
): Promise<BucketRead> {
  try {
    return await buckets.get(bucket, { asOf });
  } catch (error) {
    const version = isVersion(asOf) ? Number(asOf) : 0;
    if (!isBucketsError(error) || error.code !== "NOT_FOUND" || version <= 1) throw error;
    const { type } = await buckets.entry(bucket, version);
    if (type !== "bucket.deleted") throw error;
    return await buckets.get(bucket, { asOf: String(version - 1) });
  }
}

function isVersion(asOf: string | undefined): boolean {
  return /^\d+$/.test(asOf ?? "");
}

export interface BucketContext extends ShownBucket {
  readonly namespace: string;
  /** Asks for everything anew, after a change. */
  readonly reload: () => void;
  /** Counts the changes seen, for what depends on them. */
  readonly round: number;
}

export const Bucket = createContext<BucketContext | undefined>(undefined);

/** The bucket that the frame around shows. */
export function useBucket(): BucketContext {
  const bucket = useContext(Bucket);
  if (bucket === undefined) throw new Error("This is shown outside of a BucketFrame.");
  return bucket;
}
