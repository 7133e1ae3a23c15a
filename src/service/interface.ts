/**
 * The one interface that every face uses: the HTTP routes, the command line, and programs that
 * embed the store. Documents are snake_case JSON as on the wire; names and options are camelCase.
 */
import { z } from "zod";
import type { BlobStore, CollectReport } from "../blobstore/blob-store.js";
import type { AggregateResponse } from "../domain/aggregate/aggregate.js";
import { AuditEvent } from "../domain/audit.js";
import type { BlameResponse } from "../domain/blame.js";
import type { Policy } from "../domain/bucket/bucket-schema.js";
import type { PatchMediaType } from "../domain/bucket/patch.js";
import { BucketResponse } from "../domain/bucket/response.js";
import { Change } from "../domain/changes.js";
import type { DiffFormat } from "../domain/diff-formats.js";
import { type BucketsError, errorCodes } from "../domain/errors.js";
import { HistoryEntry } from "../domain/history.js";
import type { JsonValue } from "../domain/json.js";
import { ObjectResponse } from "../domain/object/response.js";
import { type Permission, permissions } from "../domain/permissions.js";
import { answeredTime, jsonObject, jsonValue } from "../domain/schemas.js";
import { TaskResponse } from "../domain/task.js";
import type { Health, Precondition } from "../eventstore/store.js";
import type {
  ExpectedHead,
  OnProgress,
  RebuildReport,
  ReplayReport,
  VerifyReport,
} from "../projections/view.js";

/** A token without its secret, which is kept nowhere. */
export const TokenAnswer = z.object({
  name: z.string(),
  permission: z.enum(permissions),
  /** The namespaces that it opens; absent for all. */
  namespaces: z.array(z.string()).optional(),
  created_at: answeredTime,
  expires_at: answeredTime.optional(),
});
export type TokenAnswer = z.infer<typeof TokenAnswer>;

/** A new token with its secret, which is shown this once. */
export const CreatedToken = TokenAnswer.extend({ token: z.string() });
export type CreatedToken = z.infer<typeof CreatedToken>;

/** Makes, lists and revokes the access tokens that open a store to HTTP. */
export interface Tokens {
  /**
   * Makes a token from `{name, permission, namespaces?, expires_at?}`; it opens at once.
   * @throws VALIDATION_FAILED; ALREADY_EXISTS when the name is taken.
   */
  create(body: unknown): Promise<CreatedToken>;
  list(): Promise<readonly TokenAnswer[]>;
  /** From this moment the token opens nothing. @throws NOT_FOUND */
  revoke(name: string): Promise<void>;
}

/** The tokens as a server needs them, which has to know who comes. */
export interface TokenGate extends Tokens {
  readonly count: number;
  /**
   * Accepts a secret that the operator chose, for as long as the process lives; of an admin token
   * named `admin` unless said otherwise.
   * @throws BAD_REQUEST unless it has 16 to 512 visible ASCII characters.
   */
  accept(secret: string, name?: string, permission?: Permission): void;
  /** The token with that secret, unless it has expired. */
  authenticate(secret: string): Token | undefined;
}

export interface Token {
  readonly name: string;
  readonly permission: Permission;
  /** Null for all. */
  readonly namespaces: readonly string[] | null;
}

/** Who is asking, for everything asked through one `namespace(…)`. All have defaults. */
export interface Caller {
  /** The name on every event; the store's own `actor` unless given. */
  readonly actor?: string;
  readonly requestId?: string;
}

/** What a server knows of its caller beside that. */
export interface ServedCaller extends Caller {
  /** What Idempotency-Keys belong to, beside the namespace; the actor unless given. */
  readonly token?: string;
  readonly userAgent?: string;
  readonly remoteAddress?: string;
  /** Of the caller's trace (W3C Trace Context); kept on every event. */
  readonly traceId?: string;
  /** Origin and base path of the server, for `webhook_url`. */
  readonly publicUrl?: string;
}

/** How one operation is meant, by itself or in a transaction. */
export interface OperationOptions {
  /** Why: kept on the event, at most 1,000 characters. */
  readonly reason?: string | undefined;
  /** The version that the caller read; another current one is PRECONDITION_FAILED. */
  readonly ifVersion?: number | undefined;
  /** Refuse unknown and read-only fields instead of ignoring them. */
  readonly strict?: boolean | undefined;
}

/** How what is accepted or refused as one is carried out. */
export interface CommitOptions {
  /** The same key with the same request is done once, and answered alike, for 7 days at least. */
  readonly idempotencyKey?: string | undefined;
  /** Check everything, record nothing. */
  readonly dryRun?: boolean | undefined;
}

export interface WriteOptions extends OperationOptions, CommitOptions {}

/** What a server takes from the headers of a write beside that. */
export interface ServedOperationOptions extends OperationOptions {
  /** The full form of `ifVersion`. */
  readonly precondition?: Precondition | undefined;
}

export interface ServedCommitOptions extends CommitOptions {
  /** What makes requests under one key the same; of the call itself unless given. */
  readonly fingerprint?: string | undefined;
}

export interface ServedWriteOptions extends ServedOperationOptions, ServedCommitOptions {}

export interface PatchFormat {
  /** How the patch is to be understood; `application/json` is the contract's partial update. */
  readonly mediaType?: PatchMediaType | undefined;
}

export type PatchOptions = WriteOptions & PatchFormat;

/** A bucket as it is answered, with its place in the log. */
export interface BucketAnswer {
  readonly bucket: BucketResponse;
  readonly version: number;
  /** The newest event that is folded into the answer. */
  readonly position: number;
  /** The strong entity tag, without quotes. */
  readonly tag: string;
}

export interface BucketRead extends BucketAnswer {
  /** There for an answer about the past. */
  readonly past?: {
    /** When its newest event was recorded, milliseconds. */
    readonly recordedAt: number;
    /** Whether the answer can never change again. */
    readonly isFinal: boolean;
    /** The version that the bucket has come to by now. */
    readonly latestVersion: number;
  };
}

/** Where a write left its bucket, and how it went. */
export interface Written {
  readonly version: number;
  readonly position: number;
  readonly tag: string;
  /** What the write did to the patchable document. */
  readonly changes: readonly Change[];
  /** Fields of the request that were ignored, by name. */
  readonly ignoredFields: readonly string[];
  /**
   * True when the Idempotency-Key was seen before and nothing was done again, also because a client
   * had to send the write again. A secret that the first answer showed is masked in this one.
   */
  readonly replayed: boolean;
  /** True when nothing was recorded: version and position are those it would have got. */
  readonly dryRun: boolean;
}

export interface BucketWritten extends Written {
  readonly bucket: BucketResponse;
}

export interface BucketDeleted extends Written {
  readonly task: TaskResponse;
}

/** An object as it is answered, with its place in the log. */
interface ObjectAnswer {
  readonly object: ObjectResponse;
  readonly version: number;
  /** The newest event that is folded into the answer. */
  readonly position: number;
  /** The strong entity tag, without quotes. */
  readonly tag: string;
}

export interface ObjectRead extends ObjectAnswer {
  /** As of a bucket. */
  readonly past?: BucketRead["past"];
}

export interface ObjectWritten extends Written {
  readonly object: ObjectResponse;
}

export interface ObjectFormat {
  /**
   * What to do when the unique key is taken: refuse (`insert`), change what is there (`update`, which
   * needs it to be there), or either (`upsert`). The bucket's default policy unless given.
   */
  readonly policy?: Policy | undefined;
}

/** What came of objects that were made together: each by itself, in one commit. */
export interface ObjectsCreated {
  /** Those that were accepted, in their order. */
  readonly succeeded: readonly ObjectWritten[];
  readonly failed: readonly ObjectRefused[];
}

export interface ObjectRefused {
  /** Its place in the request, from 0. */
  readonly index: number;
  readonly error: BucketsError;
}

interface BucketAction<Type extends string> {
  readonly type: Type;
  readonly bucket: string;
  readonly body?: unknown;
}

/** A write to a bucket as data. A `bucket` is an id, or the exact name that it has by then. */
export type BucketOperation =
  | { readonly type: "create"; readonly body: unknown }
  | {
      readonly type: "patch";
      readonly bucket: string;
      readonly patch: unknown;
      readonly mediaType?: PatchMediaType | undefined;
    }
  | BucketAction<"lock">
  | BucketAction<"unlock">
  | BucketAction<"archive">
  | BucketAction<"activate">
  | BucketAction<"suspend">
  | BucketAction<"revert">
  | BucketAction<"restore">
  | { readonly type: "delete"; readonly bucket: string };

interface ObjectAction<Type extends string> {
  readonly type: Type;
  readonly bucket: string;
  /** The id of the object. */
  readonly object: string;
}

/** A write to an object as data. */
export type ObjectOperation =
  | ({
      readonly type: "create_object";
      readonly bucket: string;
      readonly body: unknown;
    } & ObjectFormat)
  | (ObjectAction<"put_object"> & { readonly body: unknown })
  | (ObjectAction<"patch_object"> & { readonly patch: unknown } & PatchFormat)
  | (ObjectAction<"revert_object"> & { readonly body: unknown })
  | ObjectAction<"restore_object">
  | ObjectAction<"delete_object">;

/** Every write that can be one of a transaction, and how it is meant. */
export type Operation = (BucketOperation | ObjectOperation) & OperationOptions;
export type ServedOperation = (BucketOperation | ObjectOperation) & ServedOperationOptions;

export type OperationResult = BucketWritten | BucketDeleted | ObjectWritten;

export interface TransactionOptions extends CommitOptions {
  /** Why, for the operations that do not say so themselves. */
  readonly reason?: string | undefined;
}

/** What a transaction left, operation by operation, in their order. */
export interface Transacted {
  /** On all of its events; absent for a dry run, which has none. */
  readonly transactionId: string | undefined;
  /** Each as right after its operation. */
  readonly results: readonly OperationResult[];
  /** As of a single write. */
  readonly replayed: boolean;
  readonly dryRun: boolean;
}

/**
 * How HTTP answers a write to whom accepts it: all that the library tells, where the contract's
 * body is the bucket alone.
 */
export const writtenMediaType = "application/vnd.bucketlog.written+json";

export const WrittenBody = z.object({
  version: z.number().int(),
  position: z.number().int(),
  tag: z.string(),
  changes: z.array(Change),
  ignored_fields: z.array(z.string()),
  replayed: z.boolean(),
  dry_run: z.boolean(),
  /** The bucket, the task of its deletion, or the object. */
  result: z.union([BucketResponse, TaskResponse, ObjectResponse]),
});

/** How HTTP answers many objects at once to whom accepts all that the library tells. */
export const ObjectsBody = z.object({
  succeeded: z.array(WrittenBody),
  failed: z.array(
    z.object({
      object_index: z.number().int(),
      error: z.string(),
      code: z.enum(errorCodes),
      details: z.record(z.string(), z.unknown()),
    }),
  ),
});

/** How HTTP answers a transaction: each operation as its own route would. */
export const TransactionResponse = z.object({
  transaction_id: z.string().optional(),
  results: z.array(
    z.object({
      status: z.number().int(),
      headers: z.record(z.string(), z.string()),
      body: jsonValue.optional(),
    }),
  ),
});

/**
 * Which buckets, in which order. Documents are as on the wire; see the OpenAPI document, or
 * `domain/filter/condition.ts` for what each operator means.
 */
export interface ListQuery {
  /** A part of the id, name or description; with `*`, a pattern for the whole of one. */
  readonly search?: string | null | undefined;
  /** `{AND, OR, NOT}` of `{field, operator, value}`, nested; or `{"metadata.team": "x"}`. */
  readonly filters?: unknown;
  /** Newest first unless given; buckets without the field come last. */
  readonly sort?: ListSort | null | undefined;
  /** Whether filters, search and sort tell `A` from `a`; not unless given. */
  readonly caseSensitive?: boolean | null | undefined;
  /** 1 to 1,000; 10 unless given. */
  readonly limit?: number | undefined;
  readonly offset?: number | undefined;
  /** The `next_cursor` of the page before, with everything but the limit as it was there. */
  readonly cursor?: string | undefined;
  /** The list as it was at a position (`@1234`) or time (RFC 3339 with offset, inclusive). */
  readonly asOf?: string | undefined;
}

export interface ListSort {
  readonly field: string;
  readonly direction?: "asc" | "desc" | null | undefined;
}

const Pagination = z.object({
  total: z.number().int(),
  page: z.number().int(),
  page_size: z.number().int(),
  total_pages: z.number().int(),
  next_page: z.number().int().optional(),
  previous_page: z.number().int().optional(),
  next_cursor: z.string().optional(),
});
export type Pagination = z.infer<typeof Pagination>;

/** Which moment an answer about the past is about. */
export const AsOf = z.object({
  /** Of the newest event that is folded into the answer; 0 when there was none yet. */
  position: z.number().int(),
  /** When that event was recorded. */
  recorded_at: answeredTime.optional(),
  /** Whether the answer can never change again. */
  is_final: z.boolean(),
});
export type AsOf = Readonly<z.infer<typeof AsOf>>;

export const ListBucketsResponse = z.object({
  results: z.array(BucketResponse),
  total_count: z.number().int(),
  pagination: Pagination,
  stats: z.object({
    total_objects: z.number().int(),
    total_size_bytes: z.number().int(),
    avg_objects_per_bucket: z.number(),
    avg_size_per_bucket: z.number(),
  }),
  as_of: AsOf.optional(),
});
export type ListBucketsResponse = z.infer<typeof ListBucketsResponse>;

export interface ObjectListQuery extends ListQuery {
  /** The fields to answer, dotted; all unless given. The id is always there. */
  readonly select?: readonly string[] | null | undefined;
}

export const ListObjectsResponse = z.object({
  /** With `select`, as much of each as was asked for. */
  results: z.array(jsonObject),
  pagination: Pagination,
  stats: z.object({ total_objects: z.number().int(), total_size_bytes: z.number().int() }),
  as_of: AsOf.optional(),
});
export type ListObjectsResponse = z.infer<typeof ListObjectsResponse>;

export interface HistoryQuery {
  readonly order?: "asc" | "desc" | undefined;
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
  /** A version, `@position` or RFC 3339 time, inclusive, as `to`. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** Such as `bucket.patched`. */
  readonly type?: string | undefined;
  readonly actor?: string | undefined;
  /** A JSON Pointer: events that changed something at it, below it, or above it. */
  readonly path?: string | undefined;
}

export interface DiffQuery {
  /** A version, `@position` or RFC 3339 time; the version before `to` unless given. */
  readonly from?: string | undefined;
  /** The same forms; now unless given. */
  readonly to?: string | undefined;
  readonly format?: DiffFormat | undefined;
}

export const HistoryResponse = z.object({
  results: z.array(HistoryEntry),
  pagination: z.object({ next_cursor: z.string().optional() }),
});
export type HistoryResponse = z.infer<typeof HistoryResponse>;

export interface ReplayRange {
  /** A version, `@position` or RFC 3339 time; the creation unless given. */
  readonly from?: string | undefined;
  /** The same forms; now unless given. */
  readonly to?: string | undefined;
}

/** One event and the document after it, folded from the log; then how it ended. */
export const ReplayLine = z.union([
  z.object({ event: HistoryEntry, document: jsonObject }),
  z.object({ replayed: z.number().int(), version: z.number().int(), matches_view: z.boolean() }),
]);
export type ReplayLine = z.infer<typeof ReplayLine>;

/** Reading the past of resources of one kind; each is named by what identifies it. */
export interface PastReads {
  /** What changed between two points; applying a patch to the first state gives the second. */
  diff(identifier: string, query?: DiffQuery): Promise<JsonValue>;
  /** The event that last set each leaf, by JSON Pointer; answered without folding. */
  blame(identifier: string, query?: { readonly path?: string | undefined }): Promise<BlameResponse>;
  /** Its events, newest first unless asked otherwise. */
  history(identifier: string, query?: HistoryQuery): Promise<HistoryResponse>;
  /** The event with that version. @throws NOT_FOUND beyond the head. */
  entry(identifier: string, version: number): Promise<HistoryEntry>;
  /** Reads the recorded events again and folds them; commands are never run again. */
  replay(identifier: string, range?: ReplayRange): AsyncIterable<ReplayLine>;
}

/**
 * The objects of one bucket, by their ids. What a deleted bucket holds is hidden with it, and comes
 * back with it; the history of an object goes on after its deletion.
 */
export interface Objects<Options extends WriteOptions = WriteOptions> extends PastReads {
  /**
   * Makes an object, or changes the one that holds its unique key, as the policy says. Bytes are
   * stored before the write queues, and are durable once it resolves.
   * @throws VALIDATION_FAILED for what does not fit the bucket's schema; ALREADY_EXISTS, NOT_FOUND
   * and BAD_REQUEST by policy; BUCKET_LOCKED when the bucket is locked, suspended or archived.
   */
  create(body: unknown, options?: Options & ObjectFormat): Promise<ObjectWritten>;
  /** Makes up to 100 objects in one commit; each is accepted or refused by itself. */
  createMany(bodies: readonly unknown[], options?: Options & ObjectFormat): Promise<ObjectsCreated>;
  /** As it is, or with `asOf` as it was. @throws NOT_FOUND */
  get(object: string, options?: { readonly asOf?: string | undefined }): Promise<ObjectRead>;
  /** Newest first. @throws BAD_REQUEST for a page size over 1,000 or a foreign cursor. */
  list(query?: ObjectListQuery): Promise<ListObjectsResponse>;
  /** Merges: metadata key by key, blobs property by property; other fields are replaced. */
  put(object: string, body: unknown, options?: Options): Promise<ObjectWritten>;
  /** Changes the document; every accepted patch is one event. */
  patch(object: string, patch: unknown, options?: Options & PatchFormat): Promise<ObjectWritten>;
  /** Its unique key is free again. */
  delete(object: string, options?: Options): Promise<ObjectWritten>;
  /** As for buckets: `{to, fields?}` or `{undo}`. */
  revert(object: string, body: unknown, options?: Options): Promise<ObjectWritten>;
  /** Brings a deleted object back. @throws ALREADY_EXISTS when its key was taken meanwhile. */
  restore(object: string, options?: Options): Promise<ObjectWritten>;
  /** Groups and computes; see the OpenAPI document. @throws VALIDATION_FAILED */
  aggregate(body: unknown): Promise<AggregateResponse>;
}

/** The buckets of one namespace. A `bucket` argument is an id or the exact name. */
export interface Buckets<Options extends WriteOptions = WriteOptions> extends PastReads {
  /**
   * Creates a bucket.
   * @throws VALIDATION_FAILED, ALREADY_EXISTS when the name is taken.
   */
  create(body: unknown, options?: Options): Promise<BucketWritten>;
  /**
   * Reads a bucket: as it is, or with `asOf` as it was at a version (`7`), position (`@1234`) or
   * time (RFC 3339 with offset, inclusive).
   * @throws NOT_FOUND, also for a point outside its history; BAD_REQUEST for a malformed point.
   */
  get(bucket: string, options?: { readonly asOf?: string | undefined }): Promise<BucketRead>;
  /**
   * Newest first. With `asOf` as it was then, by reading every bucket that there ever was, however
   * long their histories.
   * @throws BAD_REQUEST for a page size over 1,000, a foreign cursor, or a version as `asOf`;
   * NOT_FOUND for a point beyond the end.
   */
  list(query?: ListQuery): Promise<ListBucketsResponse>;
  /**
   * Changes the patchable document; every accepted patch is one event, also one that changes
   * nothing. Resolves once the event is durable.
   * @throws NOT_FOUND, PRECONDITION_FAILED with what was missed, BUCKET_LOCKED, VALIDATION_FAILED,
   * CONFLICT for a JSON Patch that does not apply, ALREADY_EXISTS when a new name is taken.
   */
  patch(bucket: string, patch: unknown, options?: Options & PatchFormat): Promise<BucketWritten>;
  /**
   * Makes the bucket read-only, until it is unlocked or `expires_at` has come.
   * @throws BUCKET_LOCKED when it is locked already; VALIDATION_FAILED for an expiry in the past.
   */
  lock(bucket: string, body?: unknown, options?: Options): Promise<BucketWritten>;
  /** @throws BAD_REQUEST when it is not locked. */
  unlock(bucket: string, body?: unknown, options?: Options): Promise<BucketWritten>;
  /**
   * Deletes the bucket: one event, however much it holds. Its name is free again, its history and
   * as-of go on under its id.
   */
  delete(bucket: string, options?: Options): Promise<BucketDeleted>;
  /** An archived bucket takes no object writes. @throws BAD_REQUEST when it is archived. */
  archive(bucket: string, options?: Options): Promise<BucketWritten>;
  /** Back to normal. @throws BAD_REQUEST when it is active. */
  activate(bucket: string, options?: Options): Promise<BucketWritten>;
  /** A suspended bucket takes no writes but `activate` and `delete`. */
  suspend(bucket: string, options?: Options): Promise<BucketWritten>;
  /**
   * Puts the document, or `fields` of it, back to a version: `{to: 7, fields?: ["/metadata/team"]}`;
   * or takes back one event: `{undo: 8}`. Always a new event; secrets stay as they are now.
   * @throws NOT_FOUND for a version beyond the head; CONFLICT with the paths when later events
   * touched what would be undone.
   */
  revert(bucket: string, body: unknown, options?: Options): Promise<BucketWritten>;
  /**
   * Brings a deleted bucket back under its id, with its history; `{bucket_name?}` gives it another
   * name. @throws CONFLICT when it is not deleted; ALREADY_EXISTS when the name is taken.
   */
  restore(bucket: string, body?: unknown, options?: Options): Promise<BucketWritten>;
}

export const TaskAnswer = TaskResponse.and(z.object({ as_of: AsOf.optional() }));
export type TaskAnswer = Readonly<z.infer<typeof TaskAnswer>>;

export interface TaskListQuery {
  readonly limit?: number | undefined;
  readonly offset?: number | undefined;
  /** The tasks that there were at a position (`@1234`) or time. */
  readonly asOf?: string | undefined;
}

export const ListTasksResponse = z.object({
  results: z.array(TaskResponse),
  total_count: z.number().int(),
  pagination: Pagination,
  as_of: AsOf.optional(),
});
export type ListTasksResponse = z.infer<typeof ListTasksResponse>;

/** The tasks of one namespace: what goes on, or went on, by itself. */
export interface Tasks {
  /** @throws NOT_FOUND, also for one that there was not yet at `asOf`. */
  get(taskId: string, options?: { readonly asOf?: string | undefined }): Promise<TaskAnswer>;
  /** Newest first. */
  list(query?: TaskListQuery): Promise<ListTasksResponse>;
}

/** Every part that is given must hold. What is not kept here, such as collections, has no events. */
export interface AuditQuery {
  /** Such as `bucket`. */
  readonly resourceType?: string | undefined;
  readonly resourceId?: string | undefined;
  readonly actorId?: string | undefined;
  /** Such as `bucket_updated`. */
  readonly action?: string | undefined;
  /** RFC 3339 with offset, inclusive, as `end`. */
  readonly start?: string | undefined;
  readonly end?: string | undefined;
  readonly skip?: number | undefined;
  /** 1 to 1,000; 50 unless given. */
  readonly limit?: number | undefined;
}

export const AuditLogResponse = z.object({
  results: z.array(AuditEvent),
  total: z.number().int(),
  skip: z.number().int(),
  limit: z.number().int(),
});
export type AuditLogResponse = z.infer<typeof AuditLogResponse>;

/** The events of one namespace in the audit shape of the hosted API. */
export interface Audit {
  /** Newest first. @throws BAD_REQUEST for a filter that is malformed. */
  list(query?: AuditQuery): Promise<AuditLogResponse>;
  /** @throws NOT_FOUND */
  get(auditId: string): Promise<AuditEvent>;
}

export interface Namespace<Options extends WriteOptions = WriteOptions> {
  readonly name: string;
  readonly buckets: Buckets<Options>;
  readonly tasks: Tasks;
  readonly audit: Audit;
  /** @param bucket an id or the exact name. */
  objects(bucket: string): Objects<Options>;
  /**
   * Carries out 1 to 100 operations in their order, all or nothing: each sees what those before it
   * left, and their events share a `transaction_id`.
   *
   * @throws what the operation that is refused throws by itself, with its `operation_index` in the
   * details; then nothing was recorded.
   *
   * @example
   * await namespace.transaction([
   *   { type: "create", body: { bucket_name: "new", bucket_schema: { properties: {} } } },
   *   { type: "archive", bucket: "old", reason: "replaced" },
   * ]);
   */
  transaction(operations: readonly Operation[], options?: TransactionOptions): Promise<Transacted>;
}

export const HeadAnswer = z.object({
  position: z.number().int(),
  hash: z.string(),
  recorded_at: answeredTime,
});
export type HeadAnswer = Readonly<z.infer<typeof HeadAnswer>>;

/** What stands for every namespace where one is asked for. No namespace can have that name. */
export const allNamespaces = "*";

export interface FeedQuery {
  /**
   * Where to go on: the cursor of the last event that was handled, or a position of the log. From
   * the beginning unless given. A cursor is independent of the filters.
   */
  readonly after?: string | number | undefined;
  /** The one namespace whose events are shown, `default` unless given; `*` for all. */
  readonly namespace?: string | undefined;
  /** Only the events of this bucket, by its id, also if deleted, or its exact name of now. */
  readonly bucket?: string | undefined;
  /** Only events of these types, such as `bucket.patched`. */
  readonly types?: readonly string[] | undefined;
  /** Ends the feed. */
  readonly signal?: AbortSignal | undefined;
}

/** An event of the feed: its history entry, where it belongs, and the cursor to go on after it. */
export const FeedEvent = HistoryEntry.extend({
  namespace: z.string(),
  stream: z.string(),
  cursor: z.string(),
});
export type FeedEvent = Readonly<z.infer<typeof FeedEvent>>;

export const FeedPage = z.object({
  results: z.array(FeedEvent),
  pagination: z.object({
    /** Always there, also for an empty page: it has moved past what the filters left out. */
    next_cursor: z.string(),
    /** Whether the log goes on behind the page: ask again at once. */
    has_more: z.boolean(),
  }),
});
export type FeedPage = z.infer<typeof FeedPage>;

export interface FeedPageOptions {
  /** 1 to 1,000, and 50 unless given; a page of large events may be shorter. */
  readonly limit?: number | undefined;
  /** How long to wait for the first event, at most 60,000; 0 unless given. */
  readonly waitMs?: number | undefined;
}

/**
 * The log from a place on, in commit order, without gap or repeat, also while it grows: event by
 * event with `for await`, which begins at `after` each time, or page by page. It reads on only when
 * it is asked to, so that a slow consumer costs nothing; ask for one page at a time.
 *
 * @throws at the first event or page: GONE for a cursor of another store, or of this one before it
 * was put back to an earlier state; BAD_REQUEST for what is no cursor; NOT_FOUND for the bucket.
 */
export interface Feed extends AsyncIterable<FeedEvent> {
  /** The next page; undefined once the signal has aborted or the store is closed. */
  page(options?: FeedPageOptions): Promise<FeedPage | undefined>;
}

/**
 * A store of buckets, in this process or behind a server. Every promise of a write resolves only
 * once it is durable.
 */
export interface BucketStore extends AsyncDisposable {
  /** @throws BAD_REQUEST for a name that is none. */
  namespace(name?: string, caller?: Caller): Namespace;
  /** The access tokens that open this store to HTTP. */
  readonly tokens: Tokens;
  /** The end of the log; note it elsewhere to prove later that nothing was cut off. */
  head(): Promise<HeadAnswer>;
  /**
   * What changes, as soon as it is committed, by this process or another. Goes on for ever, until
   * the signal aborts or the store closes, which both end it without an error.
   *
   * @example
   * for await (const event of store.events({ after: lastSeen, signal })) {
   *   handle(event);
   *   lastSeen = event.cursor;
   * }
   */
  events(query?: FeedQuery): Feed;
  /** Checks the chain, the commitments, and that the view is the fold of the log. */
  verify(options?: { expected?: ExpectedHead; onProgress?: OnProgress }): Promise<VerifyReport>;
  /** Folds the whole log from zero beside the view and compares the two; changes nothing. */
  replay(options?: { onProgress?: OnProgress }): Promise<ReplayReport>;
  /** Folds the view anew from the log, compares row by row, and swaps it in. */
  rebuild(options?: { onProgress?: OnProgress }): Promise<RebuildReport>;
  health(): Promise<Health>;
  /** Refuses new writes, answers those under way, ends feeds, lets go of the store. Idempotent. */
  close(): Promise<void>;
}

/** The bytes of a blob, and what is known of them. */
export interface BlobAnswer {
  /** SHA-256 in lower-case hex. */
  readonly hash: string;
  readonly sizeBytes: number;
  readonly mimeType: string | undefined;
  readonly filename: string | undefined;
  /** All of it, or from one byte to another, both included; undefined when it is lost. */
  readonly read: BlobStore["read"];
}

export interface ServedObjects extends Objects<ServedWriteOptions> {
  /**
   * The bytes of a blob that the object has, or with `asOf` had.
   * @throws NOT_FOUND, also for a URL, which is recorded and never fetched.
   */
  blob(
    object: string,
    blobId: string,
    options?: { readonly asOf?: string | undefined },
  ): Promise<BlobAnswer>;
}

/** A namespace in this process: its writes also as data, with all that HTTP says of them. */
export interface ServedNamespace extends Namespace<ServedWriteOptions> {
  /** Carries out one operation: what the methods of `buckets` do, with the write as data. */
  write(operation: ServedOperation, options?: ServedCommitOptions): Promise<OperationResult>;
  objects(bucket: string): ServedObjects;
  transaction(
    operations: readonly ServedOperation[],
    options?: TransactionOptions & ServedCommitOptions,
  ): Promise<Transacted>;
}

/** A store in this process: what a server can be built on. */
export interface EmbeddedStore extends BucketStore {
  namespace(name?: string, caller?: ServedCaller): ServedNamespace;
  readonly tokens: TokenGate;
  /**
   * Removes the bytes of blobs that no event ever referred to, such as those of writes that were
   * refused, once they have lain for the grace: 24 hours unless given. What an event referred to
   * stays, because the past can be read.
   * @throws READ_ONLY
   */
  collectBlobs(options?: { readonly graceMs?: number }): Promise<CollectReport>;
}

export type {
  CollectReport,
  ExpectedHead,
  Health,
  OnProgress,
  RebuildReport,
  ReplayReport,
  VerifyReport,
};
