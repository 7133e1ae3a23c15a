/**
 * The buckets of one namespace for one caller: checks the shape of a request, takes its secrets
 * out, hands it to the event store as a command, and renders what came of it. No rule of the domain
 * is decided here.
 */
import { hash } from "node:crypto";
import { z } from "zod";
import type { BlameResponse } from "../domain/blame.js";
import type { BucketCommand } from "../domain/bucket/commands.js";
import { bucketCatalog, positionOf } from "../domain/bucket/list.js";
import type { PatchMediaType } from "../domain/bucket/patch.js";
import {
  checkCreate,
  checkFields,
  checkPatch,
  LockBucketRequest,
  sealRequest,
  strayFields,
  UnlockBucketRequest,
} from "../domain/bucket/requests.js";
import {
  type BucketStats,
  bucketTag,
  emptyStats,
  renderBucket,
} from "../domain/bucket/response.js";
import { RestoreBucketRequest, RevertBucketRequest } from "../domain/bucket/revert.js";
import { maskChanges, type SecretReferences } from "../domain/bucket/secrets.js";
import type { BucketState } from "../domain/bucket/state.js";
import type { Change } from "../domain/changes.js";
import { BucketsError, invariant, isBucketsError } from "../domain/errors.js";
import { type EventMeta, formatTime } from "../domain/event.js";
import { parseCriteria, type RawCriteria } from "../domain/filter/parse.js";
import { changesOf, type HistoryEntry } from "../domain/history.js";
import { isJsonObject, type JsonValue, toJson } from "../domain/json.js";
import { limits } from "../domain/limits.js";
import { parseBody, parseQuery } from "../domain/schemas.js";
import { deletionTask } from "../domain/task.js";
import { bucketDeleted } from "../eventstore/planner.js";
import type {
  EventStore,
  Outcome,
  Placement,
  Precondition,
  SealedSecret,
  TargetedCommand,
  Unit,
} from "../eventstore/store.js";
import type { BucketView } from "../projections/view.js";
import { decodeCursor, encodeCursor } from "./cursor.js";
import type {
  BucketAnswer,
  BucketDeleted,
  BucketRead,
  Buckets,
  BucketWritten,
  DiffQuery,
  HistoryQuery,
  HistoryResponse,
  ListBucketsResponse,
  ListQuery,
  PatchFormat,
  ReplayLine,
  ReplayRange,
  ServedWriteOptions as WriteOptions,
  Written,
} from "./interface.js";
import { paginate } from "./pagination.js";
import { type AskedPoint, asPoint, BucketPast } from "./past.js";
import type { Vault } from "./vault.js";

/** What the service stands on; the composition root makes it. */
export interface ServiceParts {
  readonly events: EventStore;
  readonly view: BucketView;
  readonly vault: Vault;
  /** Resolves once the unit is durable. */
  readonly submit: (unit: Unit) => Promise<Outcome>;
  readonly clock: () => number;
  /** A new opaque id with that prefix: `bkt`, `evt`, `req`, `sec`. */
  readonly newId: (prefix: string) => string;
  readonly randomBytes: (size: number) => Uint8Array;
}

/** Who asks, with every default filled in. */
export interface KnownCaller {
  readonly actor: string;
  readonly token: string;
  readonly requestId: string | undefined;
  readonly userAgent: string | undefined;
  readonly remoteAddress: string | undefined;
  readonly traceId: string | undefined;
  readonly publicUrl: string;
}

/** What a kind of write brings: its command, and what the answer tells beside the bucket. */
interface Prepared {
  readonly command: BucketCommand;
  readonly target: TargetedCommand["target"];
  readonly reason: string | undefined;
  readonly secrets: readonly SealedSecret[];
  readonly revealedSecret: { readonly reference: string; readonly value: string } | undefined;
  readonly ignoredFields: readonly string[];
  /** What makes two calls the same, for an Idempotency-Key without a fingerprint of its own. */
  readonly call: JsonValue;
}

/** A write that was carried out, now or when its Idempotency-Key was first seen. */
interface Committed extends Pick<Written, "changes" | "ignoredFields" | "replayed" | "dryRun"> {
  readonly state: BucketState;
  /** The moment that the answer is about, milliseconds. */
  readonly at: number;
}

const saltBytes = 16;
const webhookSecretBytes = 32;
const missedEventsMax = 100;
const undoAttemptsMax = 10;

const anyVersion: Precondition = { ifMatch: undefined, ifNoneMatch: undefined, isRequired: false };

const ListRequest = z.object({
  limit: z.number().int().min(1).max(limits.pageSizeMax).default(limits.listPageSizeDefault),
  offset: z.number().int().min(0).default(0),
  cursor: z.string().optional(),
});

/** The place of the last bucket of a page; how many came before it numbers the next page. */
const ListPlace = z.object({
  sortKey: z.string().optional(),
  createdAt: z.string(),
  id: z.string(),
  seen: z.number(),
});

export class BucketService implements Buckets<WriteOptions> {
  readonly #parts: ServiceParts;
  readonly #namespace: string;
  readonly #caller: KnownCaller;
  readonly #past: BucketPast;

  constructor(parts: ServiceParts, namespace: string, caller: KnownCaller) {
    this.#parts = parts;
    this.#past = new BucketPast(parts, namespace);
    this.#namespace = namespace;
    this.#caller = caller;
  }

  async create(body: unknown, options: WriteOptions = {}): Promise<BucketWritten> {
    checkOptions(options);
    const json = toJson(body);
    const { request, ignored } = checkCreate(json, options.strict === true);
    const sealed = this.#seal("application/json", json);
    const { unique_key: uniqueKey } = request;
    return await this.#write(options, {
      target: { kind: "new", id: this.#parts.newId("bkt") },
      command: {
        type: "create_bucket",
        fields: isJsonObject(sealed.body) ? sealed.body : {},
        uniqueKey: uniqueKey ?? undefined,
        secrets: sealed.references,
      },
      reason: options.reason,
      secrets: sealed.secrets,
      revealedSecret: sealed.revealedSecret,
      ignoredFields: ignored,
      call: ["create", json],
    });
  }

  async patch(
    bucket: string,
    patch: unknown,
    options: WriteOptions & PatchFormat = {},
  ): Promise<BucketWritten> {
    checkOptions(options);
    const mediaType = options.mediaType ?? "application/json";
    const json = toJson(patch);
    const ignoredFields = checkPatch(mediaType, json, options.strict === true);
    const sealed = this.#seal(mediaType, json);
    return await this.#write(options, {
      target: { kind: "existing", identifier: bucket },
      command: {
        type: "patch_bucket",
        mediaType,
        patch: sealed.body,
        secrets: sealed.references,
      },
      reason: options.reason,
      secrets: sealed.secrets,
      revealedSecret: sealed.revealedSecret,
      ignoredFields,
      call: ["patch", bucket, mediaType, json],
    });
  }

  async lock(bucket: string, body: unknown = {}, options: WriteOptions = {}) {
    checkOptions(options);
    const json = toJson(body);
    const request = parseBody(LockBucketRequest, json);
    const reason = request.reason ?? options.reason;
    return await this.#write(options, {
      ...plain,
      target: { kind: "existing", identifier: bucket },
      command: { type: "lock_bucket", reason, expiresAt: request.expires_at ?? undefined },
      reason: options.reason ?? reason,
      ignoredFields: checkFields(strayFields(json, LockBucketRequest), options.strict === true),
      call: ["lock", bucket, json],
    });
  }

  async unlock(bucket: string, body: unknown = {}, options: WriteOptions = {}) {
    checkOptions(options);
    const json = toJson(body);
    const request = parseBody(UnlockBucketRequest, json);
    return await this.#write(options, {
      ...plain,
      target: { kind: "existing", identifier: bucket },
      command: { type: "unlock_bucket" },
      reason: options.reason ?? request.reason ?? undefined,
      ignoredFields: checkFields(strayFields(json, UnlockBucketRequest), options.strict === true),
      call: ["unlock", bucket, json],
    });
  }

  archive(bucket: string, options: WriteOptions = {}): Promise<BucketWritten> {
    return this.#command(bucket, { type: "archive_bucket" }, options);
  }

  activate(bucket: string, options: WriteOptions = {}): Promise<BucketWritten> {
    return this.#command(bucket, { type: "activate_bucket" }, options);
  }

  suspend(bucket: string, options: WriteOptions = {}): Promise<BucketWritten> {
    return this.#command(bucket, { type: "suspend_bucket" }, options);
  }

  async delete(bucket: string, options: WriteOptions = {}): Promise<BucketDeleted> {
    checkOptions(options);
    const taskId = this.#parts.newId("task");
    const committed = await this.#commit(options, {
      ...plain,
      target: { kind: "existing", identifier: bucket },
      command: { type: "delete_bucket", taskId },
      reason: options.reason,
      call: ["delete", bucket],
    });
    const task = deletionTask(committed.state);
    invariant(task !== undefined, `${committed.state.bucket_id} was not deleted`);
    return { ...this.#written(committed), task };
  }

  async revert(bucket: string, body: unknown, options: WriteOptions = {}): Promise<BucketWritten> {
    checkOptions(options);
    const json = toJson(body);
    const request = parseBody(RevertBucketRequest, json);
    const ignoredFields = checkFields(
      strayFields(json, RevertBucketRequest),
      options.strict === true,
    );
    const prepared = {
      ignoredFields,
      call: ["revert", bucket, json],
      reason: options.reason,
    };
    const { to, undo, fields } = request;
    const current = await this.#past.lookup(bucket);
    if (current === undefined) {
      const target = { kind: "existing", identifier: bucket } as const;
      return await this.#write(options, { ...plain, ...prepared, target, command: replayOnly });
    }
    if (undo !== undefined) return await this.#undo(current, undo, prepared, options);
    const { recorded } = await this.#past.logged(current, to ?? 1);
    const { document } = await this.#past.stateAt(current.bucket_id, recorded.version);
    const { references, ...made } = this.#makeSecret(
      Object.hasOwn(document, "source_adapter") || fields !== undefined,
    );
    return await this.#write(options, {
      ...prepared,
      ...made,
      target: { kind: "existing", identifier: current.bucket_id },
      command: {
        type: "revert_bucket",
        to: recorded.version,
        document,
        fields,
        secrets: references,
      },
    });
  }

  /**
   * Takes back one event. What later events touched is read before the command queues; when more
   * of them slip in, these are read as well.
   */
  async #undo(
    found: BucketState,
    undo: number,
    prepared: Pick<Prepared, "ignoredFields" | "call" | "reason">,
    options: WriteOptions,
  ): Promise<BucketWritten> {
    const { recorded } = await this.#past.logged(found, undo);
    const { references, ...made } = this.#makeSecret(changesOf(recorded.event).some(isOfAdapter));
    const laterPaths = new Set<string>();
    let current = found;
    let readTo = undo;
    for (let attempt = 1; ; attempt += 1) {
      const range = { from: readTo + 1, to: current.version };
      for (const path of await this.#past.changedPaths(current.bucket_id, range)) {
        laterPaths.add(path);
      }
      readTo = current.version;
      try {
        return await this.#write(options, {
          ...prepared,
          ...made,
          target: { kind: "existing", identifier: current.bucket_id },
          command: {
            type: "undo_event",
            undo,
            event: recorded.event,
            laterPaths: [...laterPaths],
            readAt: readTo,
            secrets: references,
          },
        });
      } catch (error) {
        const isStale = isBucketsError(error) && error.details["stale"] === true;
        if (!isStale || attempt === undoAttemptsMax) throw error;
      }
      current = await this.#past.find(current.bucket_id);
    }
  }

  async restore(bucket: string, body: unknown = {}, options: WriteOptions = {}) {
    checkOptions(options);
    const json = toJson(body);
    const request = parseBody(RestoreBucketRequest, json);
    return await this.#write(options, {
      ...plain,
      target: { kind: "existing", identifier: bucket },
      command: { type: "restore_bucket", bucketName: request.bucket_name ?? undefined },
      reason: options.reason,
      ignoredFields: checkFields(strayFields(json, RestoreBucketRequest), options.strict === true),
      call: ["restore", bucket, json],
    });
  }

  /** A write that brings nothing but its kind. */
  async #command(
    bucket: string,
    command: BucketCommand,
    options: WriteOptions,
  ): Promise<BucketWritten> {
    checkOptions(options);
    return await this.#write(options, {
      ...plain,
      target: { kind: "existing", identifier: bucket },
      command,
      reason: options.reason,
      call: [command.type, bucket],
    });
  }

  async get(bucket: string, options: { asOf?: string | undefined } = {}): Promise<BucketRead> {
    const point = asPoint(options.asOf, "as_of");
    const state = await this.#past.find(bucket);
    if (point !== undefined) return await this.#getAsOf(state, point);
    if (state.deleted !== undefined) throw bucketDeleted(state);
    return this.#answer(state, await this.#past.now());
  }

  async list(query: ListQuery = {}): Promise<ListBucketsResponse> {
    const { limit, offset, cursor } = parseQuery(ListRequest, query);
    const at = await this.#past.now();
    const criteria = parseCriteria(rawCriteria(query), bucketCatalog);
    const selection = { criteria, viewpoint: { at, publicUrl: this.#caller.publicUrl } };
    const scope = JSON.stringify(["buckets", this.#namespace, criteria]);
    const after = cursor === undefined ? undefined : decodeCursor(scope, ListPlace, cursor);
    const page = await this.#parts.view.list({
      namespace: this.#namespace,
      selection,
      // One more than asked for tells whether there is a next page.
      limit: limit + 1,
      offset,
      after,
    });
    const states = page.states.slice(0, limit);
    const last = states.at(-1);
    const hasMore = page.states.length > limit && last !== undefined;
    const before = after?.seen ?? offset;
    const seen = before + states.length;
    return {
      results: states.map((state) => this.#answer(state, at).bucket),
      total_count: page.totalCount,
      pagination: paginate({
        total: page.totalCount,
        limit,
        offset: before,
        hasMore,
        nextCursor: hasMore
          ? encodeCursor(scope, { ...positionOf(last, emptyStats, selection), seen })
          : undefined,
      }),
      stats: {
        total_objects: page.totals.objectCount,
        total_size_bytes: page.totals.totalSizeBytes,
        avg_objects_per_bucket: average(page.totals.objectCount, page.totalCount),
        avg_size_per_bucket: average(page.totals.totalSizeBytes, page.totalCount),
      },
    };
  }

  history(bucket: string, query: HistoryQuery = {}): Promise<HistoryResponse> {
    return this.#past.history(bucket, query);
  }

  entry(bucket: string, version: number): Promise<HistoryEntry> {
    return this.#past.entry(bucket, version);
  }

  replay(bucket: string, range: ReplayRange = {}): AsyncIterable<ReplayLine> {
    return this.#past.replay(bucket, range);
  }

  diff(bucket: string, query: DiffQuery = {}): Promise<JsonValue> {
    return this.#past.diff(bucket, query);
  }

  blame(
    bucket: string,
    query: { readonly path?: string | undefined } = {},
  ): Promise<BlameResponse> {
    return this.#past.blame(bucket, query);
  }

  #seal(mediaType: PatchMediaType, json: JsonValue) {
    const { vault, newId } = this.#parts;
    const secrets: SealedSecret[] = [];
    const seal = (value: JsonValue): string => {
      const sealed = vault.seal(newId("sec"), value);
      secrets.push(sealed);
      return sealed.reference;
    };
    const { body, setsAdapter } = sealRequest(mediaType, json, seal);
    const sealed = secrets.map(({ reference }) => reference);
    const made = this.#makeSecret(setsAdapter);
    return {
      body,
      secrets: [...secrets, ...made.secrets],
      references: { sealed, generated: made.references.generated },
      revealedSecret: made.revealedSecret,
    };
  }

  /**
   * A webhook secret for a write that may leave an adapter without one; whether it does shows only
   * once the write is decided, and only then is the secret kept.
   */
  #makeSecret(isWanted: boolean) {
    const references: SecretReferences = { sealed: [], generated: undefined };
    if (!isWanted) return { secrets: [], references, revealedSecret: undefined };
    const { vault, newId, randomBytes } = this.#parts;
    const value = `whsec_${Buffer.from(randomBytes(webhookSecretBytes)).toString("base64")}`;
    const sealed = vault.seal(newId("sec"), value);
    const { reference } = sealed;
    return {
      secrets: [sealed],
      references: { ...references, generated: reference },
      revealedSecret: { reference, value },
    };
  }

  async #write(options: WriteOptions, prepared: Prepared): Promise<BucketWritten> {
    const committed = await this.#commit(options, prepared);
    const { state, at, replayed, dryRun } = committed;
    const revealedSecret = replayed || dryRun ? undefined : prepared.revealedSecret;
    const { bucket } = this.#answer(state, at, revealedSecret);
    return { ...this.#written(committed), bucket };
  }

  async #commit(options: WriteOptions, prepared: Prepared): Promise<Committed> {
    const { events, submit } = this.#parts;
    const unit = this.#unit(options, prepared);
    const dryRun = options.dryRun === true;
    const { ignoredFields } = prepared;
    const outcome = dryRun ? await events.preview(unit) : await submit(unit);
    switch (outcome.kind) {
      case "committed": {
        const { state, recorded } = only(outcome.results);
        const changes = maskChanges(changesOf(recorded.event));
        const at = recorded.recordedAt;
        return { state, at, changes, ignoredFields, replayed: false, dryRun };
      }
      case "replayed": {
        const { state, at } = await this.#stateThen(only(outcome.results));
        const { recorded } = await this.#past.logged(state, state.version);
        const changes = maskChanges(changesOf(recorded.event));
        return { state, at, changes, ignoredFields, replayed: true, dryRun };
      }
      case "refused":
        throw await this.#explain(outcome.error, options);
    }
  }

  /** What a write left, and when, for answering it again as of then. */
  async #stateThen({ stream, version }: Placement): Promise<{ state: BucketState; at: number }> {
    const place = await this.#parts.events.placeAt(stream, { kind: "version", version });
    invariant(place !== undefined, `${stream} has lost version ${version}`);
    return { state: await this.#past.stateAt(stream, version), at: place.recordedAt };
  }

  #written({ state, at, changes, ignoredFields, replayed, dryRun }: Committed): Written {
    return {
      version: state.version,
      position: Math.max(state.position, emptyStats.position),
      tag: bucketTag(state, emptyStats, at),
      changes,
      ignoredFields,
      replayed,
      dryRun,
    };
  }

  #unit(options: WriteOptions, prepared: Prepared): Unit {
    const { newId, randomBytes } = this.#parts;
    const salts = randomBytes(2 * saltBytes);
    const call = JSON.stringify(prepared.call);
    return {
      namespace: this.#namespace,
      commands: [
        {
          target: prepared.target,
          command: prepared.command,
          precondition: preconditionOf(options),
          secrets: prepared.secrets,
          eventId: newId("evt"),
          salt: salts.subarray(0, saltBytes),
          metaSalt: salts.subarray(saltBytes),
        },
      ],
      meta: this.#meta(options, prepared.reason),
      idempotency:
        options.idempotencyKey === undefined || options.dryRun === true
          ? undefined
          : {
              scope: `${this.#namespace}/${this.#caller.token}`,
              key: options.idempotencyKey,
              fingerprint: options.fingerprint ?? hash("sha256", call),
            },
      transactionId: undefined,
      bytes: Buffer.byteLength(call),
    };
  }

  #meta(options: WriteOptions, reason: string | undefined): EventMeta {
    const { actor, requestId, userAgent, remoteAddress, traceId } = this.#caller;
    return {
      actor,
      ...(reason !== undefined && { reason }),
      request_id: requestId ?? this.#parts.newId("req"),
      ...(options.idempotencyKey !== undefined && { idempotency_key: options.idempotencyKey }),
      ...(userAgent !== undefined && { user_agent: userAgent }),
      ...(remoteAddress !== undefined && { remote_address: remoteAddress }),
      ...(traceId !== undefined && { trace_id: traceId }),
    };
  }

  #answer(
    state: BucketState,
    at: number,
    revealedSecret?: { readonly reference: string; readonly value: string },
  ): BucketAnswer {
    const stats: BucketStats = emptyStats;
    const { publicUrl } = this.#caller;
    return {
      bucket: renderBucket(state, stats, { at, publicUrl, revealedSecret }),
      version: state.version,
      position: Math.max(state.position, stats.position),
      tag: bucketTag(state, stats, at),
    };
  }

  async #getAsOf(current: BucketState, asOf: AskedPoint): Promise<BucketRead> {
    const { place, at, isFinal } = await this.#past.locate(current, asOf);
    const state = await this.#past.stateAt(current.bucket_id, place.version);
    if (state.deleted !== undefined) throw bucketDeleted(state);
    const past = { recordedAt: place.recordedAt, isFinal, latestVersion: current.version };
    return { ...this.#answer(state, at), past };
  }

  /** Adds to a failed precondition what changed since the version that the caller had read. */
  async #explain(error: BucketsError, options: WriteOptions): Promise<BucketsError> {
    const { ifMatch } = preconditionOf(options);
    const { bucket_id: stream, current_version: current } = error.details;
    const sent = Array.isArray(ifMatch) && ifMatch.length > 0 ? Math.max(...ifMatch) : undefined;
    const canExplain =
      error.code === "PRECONDITION_FAILED" &&
      typeof stream === "string" &&
      typeof current === "number" &&
      sent !== undefined &&
      sent < current;
    if (!canExplain) return error;
    const missed = await this.#parts.events.readStream(stream, {
      order: "desc",
      from: Math.max(sent + 1, 1),
      to: current,
      limit: missedEventsMax,
    });
    return new BucketsError(error.code, error.message, {
      ...error.details,
      missed: missed.toReversed().map(({ recorded }) => ({
        version: recorded.version,
        actor: recorded.meta.actor,
        recorded_at: formatTime(recorded.recordedAt),
        paths: changesOf(recorded.event).map(({ path }) => path),
      })),
      hint: `Read the bucket, apply your change again, and retry with If-Match "${current}".`,
    });
  }
}

function average(sum: number, count: number): number {
  return count === 0 ? 0 : sum / count;
}

/** The criteria as JSON of our own, by the names of the wire. */
function rawCriteria({ search, filters, sort, caseSensitive }: ListQuery): RawCriteria {
  return {
    search: search ?? null,
    filters: toJson(filters ?? null),
    sort: toJson(sort ?? null),
    case_sensitive: caseSensitive ?? null,
  };
}
/**
 * What stands for a revert of a bucket that is not there, by this name no longer perhaps: refused,
 * unless it was carried out under its Idempotency-Key before.
 */
const replayOnly: BucketCommand = {
  type: "undo_event",
  undo: 0,
  event: { type: "bucket.activated", data: {} },
  laterPaths: [],
  readAt: 0,
  secrets: { sealed: [], generated: undefined },
};

const plain = { secrets: [], revealedSecret: undefined, ignoredFields: [] } as const;

function only<T>(results: readonly T[]): T {
  const [result] = results;
  invariant(result !== undefined, "a unit of one without a result");
  return result;
}

function isOfAdapter({ path }: Change): boolean {
  return path.startsWith("/source_adapter");
}

function preconditionOf({ precondition, ifVersion }: WriteOptions): Precondition {
  if (precondition !== undefined) return precondition;
  return ifVersion === undefined ? anyVersion : { ...anyVersion, ifMatch: [ifVersion] };
}

/** What is wrong with the options is said before what is wrong with the body. */
function checkOptions({ reason, idempotencyKey: key }: WriteOptions): void {
  const length = reason === undefined ? 0 : [...reason].length;
  if (length > limits.reasonLengthMax) {
    throw new BucketsError(
      "BAD_REQUEST",
      `A reason has at most ${limits.reasonLengthMax} characters; this one has ${length}.`,
    );
  }
  if (key === undefined) return;
  if (/^[\x21-\x7e]+$/.test(key) && key.length <= limits.idempotencyKeyLengthMax) return;
  throw new BucketsError(
    "BAD_REQUEST",
    `An Idempotency-Key has 1 to ${limits.idempotencyKeyLengthMax} visible ASCII characters.`,
  );
}
