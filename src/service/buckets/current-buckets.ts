/**
 * What is known of current buckets without reading it again: those that were asked for last as they
 * are sent, and the statistics that answers to writes tell. The commit that changes one drops it.
 */
import type { CurrentBucket } from "../../api/index.js";
import type { BucketStats } from "../../domain/bucket/stats.js";
import { limits } from "../../domain/limits.js";
import { type AppliedEvent, statsChangeOf } from "../../domain/resource.js";
import type { EventStore } from "../../eventstore/store.js";
import type { View } from "../../projections/view.js";

const statsMax = 10_000;
/** What keeping one costs beside its text, with the headers that it was answered with. */
const markBytes = 1_500;

interface Parts {
  readonly events: Pick<EventStore, "knowsChanges" | "onChange">;
  readonly view: Pick<View, "stats">;
}

/** A bucket as it was made to be sent. */
interface Made {
  readonly current: CurrentBucket;
  /** Whether it stays as it is until an event of the bucket. */
  readonly isLasting: boolean;
}

export class CurrentBuckets {
  readonly #parts: Parts;
  /** By namespace and identifier, the one that was made first at the beginning. */
  readonly #ready = new Map<string, CurrentBucket>();
  /** The keys of what is ready, by bucket. */
  readonly #keys = new Map<string, Set<string>>();
  readonly #stats = new Map<string, BucketStats>();
  #bytes = 0;
  /** What was read before a change may not be kept after it. */
  #changes = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
    parts.events.onChange((applied) => this.#drop(applied));
  }

  /** The bucket of that name or id, if it is ready. */
  ready(namespace: string, identifier: string): CurrentBucket | undefined {
    const isKept = this.#parts.events.knowsChanges();
    return isKept ? this.#ready.get(keyOf(namespace, identifier)) : undefined;
  }

  /** The same, made if it is not. */
  async get(
    namespace: string,
    identifier: string,
    make: () => Promise<Made>,
  ): Promise<CurrentBucket> {
    const ready = this.ready(namespace, identifier);
    if (ready !== undefined) return ready;
    const isKept = this.#parts.events.knowsChanges();
    const changes = this.#changes;
    const { current, isLasting } = await make();
    const isSame = changes === this.#changes;
    if (isKept && isLasting && isSame) this.#keep(keyOf(namespace, identifier), current);
    return current;
  }

  /** The statistics of a bucket as of the position of one of its events. */
  async statsAt(bucketId: string, position: number): Promise<BucketStats> {
    const isKept = this.#parts.events.knowsChanges();
    const known = isKept ? this.#stats.get(bucketId) : undefined;
    if (known !== undefined && known.position <= position) return known;
    const changes = this.#changes;
    const newest = await this.#parts.view.stats(bucketId);
    if (isKept && changes === this.#changes) {
      if (this.#stats.size >= statsMax) this.#stats.clear();
      this.#stats.set(bucketId, newest);
    }
    if (newest.position <= position) return newest;
    return await this.#parts.view.stats(bucketId, { kind: "position", position });
  }

  #keep(key: string, current: CurrentBucket): void {
    this.#forget(key);
    const keys = this.#keys.get(current.bucketId) ?? new Set();
    this.#keys.set(current.bucketId, keys.add(key));
    this.#ready.set(key, current);
    this.#bytes += sizeOf(current);
    for (const oldest of this.#ready.keys()) {
      if (this.#bytes <= limits.readyBucketsBytesMax) break;
      this.#forget(oldest);
    }
  }

  #forget(key: string): void {
    const current = this.#ready.get(key);
    if (current === undefined) return;
    this.#ready.delete(key);
    this.#bytes -= sizeOf(current);
    const keys = this.#keys.get(current.bucketId);
    keys?.delete(key);
    if (keys?.size === 0) this.#keys.delete(current.bucketId);
  }

  #drop(applied: readonly AppliedEvent[] | undefined): void {
    this.#changes += 1;
    // A namespace that was renamed or deleted is another place for all that is in it.
    if (applied === undefined || applied.some(({ after }) => after.kind === "namespace")) {
      this.#ready.clear();
      this.#keys.clear();
      this.#stats.clear();
      this.#bytes = 0;
      return;
    }
    for (const one of applied) {
      const { bucketId } = one.recorded;
      for (const key of this.#keys.get(bucketId) ?? []) this.#forget(key);
      if (statsChangeOf(one) !== undefined) this.#stats.delete(bucketId);
    }
  }
}

function keyOf(namespace: string, identifier: string): string {
  return `${namespace}/${identifier}`;
}

/** JavaScript keeps a letter in two bytes where one of the text needs them. */
function sizeOf({ text }: CurrentBucket): number {
  return 2 * text.length + markBytes;
}
