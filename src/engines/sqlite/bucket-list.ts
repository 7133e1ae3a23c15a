/** Lists of buckets: each with its statistics, which have rows of their own. */
import type Database from "better-sqlite3";
import { z } from "zod";
import { fieldNames } from "../../domain/bucket/document.js";
import { bucketListing, type CountedBucket } from "../../domain/bucket/list.js";
import { lockAt } from "../../domain/bucket/lock.js";
import type { Viewpoint } from "../../domain/bucket/response.js";
import { bucketSecrets } from "../../domain/bucket/secrets.js";
import { BucketLock, BucketState } from "../../domain/bucket/state.js";
import { selectAll } from "../../domain/filter/parse.js";
import type { JsonValue } from "../../domain/json.js";
import { type Pointer, valueAt } from "../../domain/pointer.js";
import {
  type BucketPage,
  countsOf,
  type ListQuery,
  type StatsTotals,
} from "../../projections/view.js";
import type { Column } from "./kept-rows.js";
import {
  type Fragment,
  fragment,
  join,
  type ListParts,
  type Source,
  storedAt,
  TableList,
} from "./list-sql.js";
import { parseStats, statsJson } from "./stats-table.js";
import { TotalsTable } from "./totals-table.js";

/** What stands in the state as it is answered, by root field. */
const storedFields: Readonly<Record<string, Pointer>> = {
  ...Object.fromEntries(
    fieldNames
      .filter((name) => name !== "source_adapter")
      .map((name) => [name, ["document", name]]),
  ),
  bucket_id: ["bucket_id"],
  unique_key: ["unique_key"],
  status: ["status"],
  created_at: ["created_at"],
  updated_at: ["updated_at"],
};

/** The newest row of a bucket's statistics is what they are now. */
const newestStats = `(
  SELECT ${statsJson("s")} FROM bucket_stats s
  WHERE s.bucket_id = buckets.bucket_id ORDER BY s.position DESC LIMIT 1
)`;

const Totals = z.object({ objectCount: z.number(), totalSizeBytes: z.number() });

export class BucketList {
  readonly #db: Database.Database;
  readonly #list: TableList<CountedBucket>;
  readonly #totals: TotalsTable;

  constructor(parts: ListParts) {
    this.#db = parts.db;
    this.#totals = new TotalsTable(parts.db);
    this.#list = new TableList(parts, {
      name: "buckets",
      id: "bucket_id",
      extra: newestStats,
      parse: (state, stats) => ({
        state: BucketState.parse(JSON.parse(state)),
        stats: parseStats(stats),
      }),
    });
  }

  page({ namespace, viewpoint, ...query }: ListQuery): BucketPage {
    // All statements see the same rows, also beside a writer in another process.
    const read = this.#db.transaction(() => {
      const kept = selectAll(query.criteria) ? countsOf(this.#totals.of(namespace)) : undefined;
      const { rows, isCut, totalCount, all } = this.#list.page({
        ...query,
        ...(kept === undefined ? { summed: statsColumn } : { counted: () => kept.totalCount }),
        criteria: query.criteria,
        scope: fragment("namespace = ? AND is_deleted = 0", namespace),
        listing: bucketListing(viewpoint),
        sourceOf: (path) => sourceOf(path, viewpoint),
      });
      const addedUp = () =>
        all.kind === "at_hand" ? totalsOf(all.cells) : this.#addedUp(all.by());
      return { buckets: rows, isCut, totalCount, totals: kept?.totals ?? addedUp() };
    });
    return read.deferred();
  }

  /** Begins with the buckets that have statistics: others add nothing, and are not looked at. */
  #addedUp(wanted: Fragment): StatsTotals {
    const adding = join(
      fragment(
        `SELECT coalesce(sum(object_count), 0) AS objectCount,
                total(total_size_bytes) AS totalSizeBytes
         FROM bucket_totals CROSS JOIN buckets USING (bucket_id) WHERE `,
      ),
      wanted,
    );
    return Totals.parse(this.#db.prepare(adding.sql).get(...adding.values));
  }
}

/** What is added up of a bucket; the bytes in two halves, so that their sums are exact. */
const statsColumn: Column = {
  name: "stats",
  sql: `(SELECT json_array(object_count, total_size_bytes >> 32, total_size_bytes & 4294967295)
         FROM bucket_totals t WHERE t.bucket_id = buckets.bucket_id)`,
  values: [],
  read: (json) => (typeof json === "string" ? JSON.parse(json) : undefined),
};

function totalsOf(cells: readonly (JsonValue | undefined)[]): StatsTotals {
  const sums = [0, 0, 0];
  for (const cell of cells) {
    if (!Array.isArray(cell)) continue;
    for (const [index, part] of cell.entries()) sums[index] = (sums[index] ?? 0) + Number(part);
  }
  const [objectCount = 0, high = 0, low = 0] = sums;
  return { objectCount, totalSizeBytes: Number((BigInt(high) << 32n) + BigInt(low)) };
}

/** What an answer tells of an adapter beside what is stored of it. */
const addedFields = ["webhook_url", "previous_secret_valid_until", "previous_secrets"];

/** Undefined when the whole bucket must be rendered. */
function sourceOf([root = "", ...rest]: Pointer, viewpoint: Viewpoint): Source | undefined {
  const stored = storedFields[root];
  if (stored !== undefined) return storedAt(stored, rest);
  const [field] = rest;
  if (root === "source_adapter" && field !== undefined && !addedFields.includes(field)) {
    return {
      keys: ["document", root],
      render: (part) =>
        part === undefined ? undefined : valueAt(bucketSecrets.mask(part, [root]), rest),
    };
  }
  if (root === "is_locked" && rest.length === 0) {
    return {
      keys: ["lock"],
      isOfMoment: true,
      render: (part) => {
        const lock = part === undefined ? undefined : BucketLock.parse(part);
        return lockAt({ lock }, viewpoint.at) !== undefined;
      },
    };
  }
  return undefined;
}
