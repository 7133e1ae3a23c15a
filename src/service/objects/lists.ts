/** Lists of the objects of one bucket, as they are and as they were. */

import type { ListObjectsResponse, ObjectListQuery } from "../../api/index.js";
import type { BucketStats } from "../../domain/bucket/stats.js";
import { parseField } from "../../domain/filter/fields.js";
import type { JsonObject, JsonValue } from "../../domain/json.js";
import { blobsOf } from "../../domain/object/document.js";
import { objectFields } from "../../domain/object/response.js";
import { valueAt } from "../../domain/pointer.js";
import type { ReadingParts } from "../parts.js";
import { average } from "../read/lists.js";
import { listMembers } from "../read/member-lists.js";

export async function listObjects(
  parts: ReadingParts,
  where: { readonly namespace: string; readonly bucketId: string },
  query: ObjectListQuery<unknown>,
): Promise<ListObjectsResponse> {
  const asked = { ...where, kind: "object" } as const;
  let blobsThen = 0;
  const { states, pagination, point, asOf } = await listMembers(parts, asked, query, (state) => {
    blobsThen += blobsOf(state.document).length;
  });
  const stats = await parts.view.stats(where.bucketId, point);
  const countNow = () => parts.view.blobCount(where.bucketId);
  const counted = point === undefined ? countNow : async () => blobsThen;
  const blobCount = query.countBlobs === true ? await counted() : undefined;
  return {
    results: states.map((state) => selected(objectFields(state), query.select)),
    pagination,
    stats: statsOf(stats, blobCount),
    ...(asOf !== undefined && { as_of: asOf }),
  };
}

function statsOf(
  { objectCount, totalSizeBytes }: BucketStats,
  blobCount: number | undefined,
): ListObjectsResponse["stats"] {
  return {
    total_objects: objectCount,
    total_size_bytes: Number(totalSizeBytes),
    // Every object that there is has this one.
    objects_by_status: objectCount === 0 ? {} : { DRAFT: objectCount },
    ...(blobCount !== undefined && {
      total_blobs: blobCount,
      avg_blobs_per_object: average(blobCount, objectCount),
    }),
  };
}

/** The fields that were asked for, where they are, and those that every object is told by. */
function selected(fields: JsonObject, names: readonly string[] | null | undefined): JsonObject {
  if (names === null || names === undefined) return fields;
  const { object_id, bucket_id } = fields;
  let shown: JsonObject = {
    ...(object_id !== undefined && { object_id }),
    ...(bucket_id !== undefined && { bucket_id }),
  };
  for (const name of names) {
    const path = parseField(name) ?? [];
    const value = valueAt(fields, path);
    if (value !== undefined) shown = withValue(shown, path, value);
  }
  return shown;
}

function withValue(
  object: JsonObject,
  [key, ...rest]: readonly string[],
  value: JsonValue,
): JsonObject {
  if (key === undefined) return object;
  const below = Object.hasOwn(object, key) ? object[key] : undefined;
  const inner = typeof below === "object" && below !== null && !Array.isArray(below) ? below : {};
  const item =
    rest.length === 0 ? value : withValue(Object.fromEntries(Object.entries(inner)), rest, value);
  return Object.fromEntries([
    ...Object.entries(object).filter(([name]) => name !== key),
    [key, item],
  ]);
}
