/** What the buckets of a namespace come to together, in a row of its own. */
import type Database from "better-sqlite3";
import { z } from "zod";
import { type NamespaceTotals, noTotals } from "../../projections/namespace-totals.js";

const TotalsRow = z.object({
  bucketCount: z.number(),
  objectCount: z.number(),
  totalSizeBytes: z.string().transform(BigInt),
});

const TotalsRowIfAny = TotalsRow.optional();

export class TotalsTable {
  readonly #row: Database.Statement;

  constructor(db: Database.Database, suffix = "") {
    this.#row = db.prepare(
      `SELECT bucket_count AS bucketCount, object_count AS objectCount,
              total_size_bytes AS totalSizeBytes
       FROM namespace_totals${suffix} WHERE namespace = ?`,
    );
  }

  of(namespace: string): NamespaceTotals {
    return TotalsRowIfAny.parse(this.#row.get(namespace)) ?? noTotals;
  }
}
