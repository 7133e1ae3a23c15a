/** Lists of what is in a bucket: objects, batches, uploads. */

import type Database from "better-sqlite3";
import { selectAll } from "../../domain/filter/parse.js";
import { type MemberState, memberListing } from "../../domain/members.js";
import type { Pointer } from "../../domain/pointer.js";
import {
  kindNamed,
  type MemberKind,
  memberNamed,
  ResourceState,
  stateOfKind,
} from "../../domain/resource.js";
import type { MemberPage, MemberQuery } from "../../projections/view.js";
import {
  fragment,
  isPlainKey,
  type ListParts,
  type Source,
  storedAt,
  TableList,
} from "./list-sql.js";
import type { StatsTable } from "./stats-table.js";

export class MemberList {
  readonly #db: Database.Database;
  readonly #kind: MemberKind;
  readonly #list: TableList<MemberState>;
  readonly #stats: StatsTable;

  constructor(parts: ListParts, kind: MemberKind, stats: StatsTable) {
    this.#db = parts.db;
    this.#stats = stats;
    this.#kind = kind;
    this.#list = new TableList(parts, {
      ...kindNamed(kind).table,
      extra: "NULL",
      parse: (state) => stateOfKind(kind, ResourceState.parse(JSON.parse(state))),
    });
  }

  page({ bucketId, at, ...query }: MemberQuery): MemberPage<MemberState> {
    // The statistics of the bucket count its objects as the list does: those that are not deleted.
    const isKept = this.#kind === "object" && selectAll(query.criteria);
    const read = this.#db.transaction(() => {
      const { rows, isCut, totalCount } = this.#list.page({
        ...query,
        ...(isKept && { counted: () => this.#stats.at(bucketId).objectCount }),
        criteria: query.criteria,
        scope: fragment("bucket_id = ? AND is_deleted = 0", bucketId),
        listing: memberListing(this.#kind, at),
        sourceOf: (path) => sourceOf(this.#kind, path),
      });
      return { states: rows, isCut, totalCount };
    });
    return read.deferred();
  }
}

/** Undefined when the whole resource must be rendered. */
function sourceOf(kind: MemberKind, [root = "", ...rest]: Pointer): Source | undefined {
  const stored = isPlainKey(root) ? memberNamed(kind).listing.stored(root) : undefined;
  return stored && storedAt(stored, rest);
}
