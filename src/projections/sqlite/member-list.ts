/** Lists of what is in a bucket: objects, batches, uploads. */
import type Database from "better-sqlite3";
import { type MemberKind, type MemberState, memberListing } from "../../domain/members.js";
import { isUserField } from "../../domain/object/document.js";
import type { Pointer } from "../../domain/pointer.js";
import { ResourceState, stateOfKind } from "../../domain/resource.js";
import type { MemberPage, MemberQuery } from "../view.js";
import {
  fragment,
  isPlainKey,
  type ListFunctions,
  type Source,
  storedAt,
  TableList,
} from "./list-sql.js";

export const memberTables = {
  object: { name: "objects", id: "object_id" },
  batch: { name: "batches", id: "batch_id" },
  upload: { name: "uploads", id: "upload_id" },
  delivery: { name: "deliveries", id: "delivery_id" },
} as const satisfies Record<MemberKind, { readonly name: string; readonly id: string }>;

export class MemberList {
  readonly #db: Database.Database;
  readonly #kind: MemberKind;
  readonly #list: TableList<MemberState>;

  constructor(db: Database.Database, functions: ListFunctions, kind: MemberKind) {
    this.#db = db;
    this.#kind = kind;
    this.#list = new TableList(db, functions, {
      ...memberTables[kind],
      extra: "NULL",
      parse: (state) => stateOfKind(kind, ResourceState.parse(JSON.parse(state))),
    });
  }

  page({ bucketId, at, ...query }: MemberQuery): MemberPage<MemberState> {
    const read = this.#db.transaction(() => {
      const { rows, totalCount } = this.#list.page({
        ...query,
        criteria: query.criteria,
        scope: fragment("bucket_id = ? AND is_deleted = 0", bucketId),
        listing: memberListing(this.#kind, at),
        sourceOf: (path) => sourceOf(this.#kind, path),
      });
      return { states: rows, totalCount };
    });
    return read.deferred();
  }
}

const common: Readonly<Record<string, Pointer>> = {
  bucket_id: ["bucket_id"],
  created_at: ["created_at"],
  updated_at: ["updated_at"],
  metadata: ["document", "metadata"],
};

/** What stands in the state as it is answered, by root field. */
const storedFields: Readonly<Record<MemberKind, Readonly<Record<string, Pointer>>>> = {
  object: {
    ...common,
    object_id: ["object_id"],
    key_prefix: ["document", "key_prefix"],
    status: ["status"],
  },
  batch: { ...common, batch_id: ["batch_id"] },
  upload: { ...common, upload_id: ["upload_id"], filename: ["document", "filename"] },
  delivery: {
    delivery_id: ["delivery_id"],
    bucket_id: ["bucket_id"],
    created_at: ["created_at"],
    updated_at: ["updated_at"],
    status: ["document", "status"],
    sender_id: ["document", "sender_id"],
    event_type: ["document", "event_type"],
  },
};

/** Undefined when the whole resource must be rendered. */
function sourceOf(kind: MemberKind, [root = "", ...rest]: Pointer): Source | undefined {
  // A user may call a field what every JavaScript object has, such as `constructor`.
  const stored = Object.hasOwn(storedFields[kind], root) ? storedFields[kind][root] : undefined;
  if (stored !== undefined) return storedAt(stored, rest);
  const isField = kind === "object" && isUserField(root) && isPlainKey(root);
  return isField ? storedAt(["document", root], rest) : undefined;
}
