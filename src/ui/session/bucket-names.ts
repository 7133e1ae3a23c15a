/** The names of buckets that events know by their ids alone: asked for together, and remembered. */
import { useContext, useEffect, useState } from "preact/hooks";
import type { Namespace } from "../../client/index.js";
import { NamespaceName, useNamespace } from "./namespace.js";

const known = new Map<string, string>();
const asked = new Set<string>();
const pageMax = 1_000;

/** The names by the ids; of a bucket that is deleted, or whose name is on its way, nothing. */
export function useBucketNames(ids: readonly string[]): ReadonlyMap<string, string> {
  const namespace = useNamespace();
  const name = useContext(NamespaceName);
  const [, redraw] = useState(0);
  const missing = [...new Set(ids)].filter((id) => id !== "" && !asked.has(`${name} ${id}`));
  useEffect(() => {
    if (missing.length === 0) return;
    for (const id of missing) asked.add(`${name} ${id}`);
    void load(namespace, missing).then(() => redraw((last) => last + 1));
  }, [missing.join(" "), namespace]);
  return known;
}

async function load({ buckets }: Namespace, ids: readonly string[]): Promise<void> {
  const value = ids.slice(0, pageMax);
  const filters = { field: "bucket_id", operator: "in", value } as const;
  try {
    const { results } = await buckets.list({ filters, limit: pageMax });
    for (const bucket of results) known.set(bucket.bucket_id, bucket.bucket_name);
  } catch {
    // The ids say which ones they are as well.
  }
}

/** The name is another one from now on. */
export function noteBucketName(id: string, name: string): void {
  known.set(id, name);
}
