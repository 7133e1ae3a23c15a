/**
 * The buckets of one namespace for one caller: checks the shape of a request, takes its secrets
 * out, hands it to the event store as a command, and renders what came of it. No rule of the domain
 * is decided here.
 */
import { hash } from "node:crypto";
import { z } from "zod";
import { type Point, parsePoint } from "../domain/as-of.js";
import type { BucketCommand } from "../domain/bucket/commands.js";
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
import { maskChanges, maskSecrets, type SecretReferences } from "../domain/bucket/secrets.js";
import { type BucketState, evolve } from "../domain/bucket/state.js";
import { BucketsError, invariant } from "../domain/errors.js";
import { type EventMeta, formatTime } from "../domain/event.js";
import { changesOf, type HistoryEntry, toHistoryEntry } from "../domain/history.js";
import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  jsonEqual,
  toJson,
} from "../domain/json.js";
import { limits } from "../domain/limits.js";
import { parseBody, parseQuery } from "../domain/schemas.js";
import { deletionTask } from "../domain/task.js";
import { bucketDeleted, bucketNotFound } from "../eventstore/planner.js";
import type {
  EventPlace,
  EventStore,
  LoggedEvent,
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
  HistoryQuery,
  HistoryResponse,
  ListBucketsResponse,
  ListQuery,
  PatchOptions,
  ReplayLine,
  ReplayRange,
  WriteOptions,
  Written,
} from "./interface.js";
import { paginate } from "./pagination.js";
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
const replaySliceEvents = 200;

const anyVersion: Precondition = { ifMatch: undefined, ifNoneMatch: undefined, isRequired: false };

const ListRequest = z.object({
  limit: z.number().int().min(1).max(limits.pageSizeMax).default(limits.listPageSizeDefault),
  offset: z.number().int().min(0).default(0),
  cursor: z.string().optional(),
});

const ListPlace = z.object({ createdAt: z.string(), bucketId: z.string() });

const HistoryRequest = z.object({
  order: z.enum(["asc", "desc"]).default("desc"),
  limit: z.number().int().min(1).max(limits.pageSizeMax).default(limits.historyPageSizeDefault),
  cursor: z.string().optional(),
});

export class BucketService implements Buckets {
  readonly #parts: ServiceParts;
  readonly #namespace: string;
  readonly #caller: KnownCaller;

  constructor(parts: ServiceParts, namespace: string, caller: KnownCaller) {
    this.#parts = parts;
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
      revealedSecret: sealed.generated,
      ignoredFields: ignored,
      call: ["create", json],
    });
  }

  async patch(bucket: string, patch: unknown, options: PatchOptions = {}): Promise<BucketWritten> {
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
      revealedSecret: sealed.generated,
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

  /** A write that brings nothing but its kind. */
  #command(bucket: string, command: BucketCommand, options: WriteOptions): Promise<BucketWritten> {
    return this.#write(options, {
      ...plain,
      target: { kind: "existing", identifier: bucket },
      command,
      reason: options.reason,
      call: [command.type, bucket],
    });
  }

  async get(bucket: string, options: { asOf?: string | undefined } = {}): Promise<BucketRead> {
    const point = asPoint(options.asOf, "as_of");
    const state = await this.#find(bucket);
    if (point !== undefined) return await this.#getAsOf(state, point);
    if (state.deleted !== undefined) throw bucketDeleted(state);
    return this.#answer(state, this.#parts.clock());
  }

  async list(query: ListQuery = {}): Promise<ListBucketsResponse> {
    const { limit, offset, cursor } = parseQuery(ListRequest, query);
    const scope = `buckets/${this.#namespace}`;
    const after = cursor === undefined ? undefined : decodeCursor(scope, ListPlace, cursor);
    const page = await this.#parts.view.list({
      namespace: this.#namespace,
      // One more than asked for tells whether there is a next page.
      limit: limit + 1,
      offset: after === undefined ? offset : 0,
      after,
    });
    const states = page.states.slice(0, limit);
    const last = states.at(-1);
    const hasMore = page.states.length > limit && last !== undefined;
    const at = this.#parts.clock();
    return {
      results: states.map((state) => this.#answer(state, at).bucket),
      total_count: page.totalCount,
      pagination: paginate({
        total: page.totalCount,
        limit,
        offset,
        hasMore,
        nextCursor: hasMore
          ? encodeCursor(scope, { createdAt: last.created_at, bucketId: last.bucket_id })
          : undefined,
      }),
      stats: {
        total_objects: 0,
        total_size_bytes: 0,
        avg_objects_per_bucket: 0,
        avg_size_per_bucket: 0,
      },
    };
  }

  async history(bucket: string, query: HistoryQuery = {}): Promise<HistoryResponse> {
    const { order, limit, cursor } = parseQuery(HistoryRequest, query);
    const state = await this.#find(bucket);
    const scope = `history/${state.bucket_id}/${order}`;
    const after = cursor === undefined ? undefined : decodeCursor(scope, z.number().int(), cursor);
    const page = await this.#parts.events.readStream(state.bucket_id, {
      order,
      from: order === "asc" ? (after ?? 0) + 1 : 1,
      to: order === "desc" && after !== undefined ? after - 1 : state.version,
      limit: limit + 1,
    });
    const results = page.slice(0, limit).map(toEntry);
    const last = results.at(-1);
    const hasMore = page.length > limit && last !== undefined;
    return {
      results,
      pagination: { ...(hasMore && { next_cursor: encodeCursor(scope, last.version) }) },
    };
  }

  async entry(bucket: string, version: number): Promise<HistoryEntry> {
    if (!Number.isSafeInteger(version) || version < 1) {
      throw new BucketsError("BAD_REQUEST", `${version} is no version: versions count from 1.`);
    }
    const state = await this.#find(bucket);
    const [logged] = await this.#parts.events.readStream(state.bucket_id, {
      order: "asc",
      from: version,
      to: version,
      limit: 1,
    });
    if (logged === undefined) throw await this.#outsideHistory(state, `version ${version}`);
    return toEntry(logged);
  }

  async *replay(bucket: string, range: ReplayRange = {}): AsyncIterable<ReplayLine> {
    const begin = asPoint(range.from, "from");
    const end = asPoint(range.to, "to");
    const current = await this.#find(bucket);
    const from = begin === undefined ? 1 : await this.#versionAt(current, begin);
    const to = end === undefined ? current.version : await this.#versionAt(current, end);
    if (from > to) {
      throw new BucketsError("BAD_REQUEST", `from (version ${from}) is after to (version ${to}).`);
    }
    let folded: BucketState | undefined;
    for await (const logged of this.#events(current.bucket_id, current.version)) {
      folded = evolve(folded, logged.recorded);
      const { version } = logged.recorded;
      if (version < from || version > to) continue;
      yield { event: toEntry(logged), document: shownDocument(folded) };
    }
    const matches = folded !== undefined && jsonEqual(toJson(folded), toJson(current));
    yield { replayed: to - from + 1, version: to, matches_view: matches };
  }

  /** Every event of a stream up to a version, read in slices. */
  async *#events(stream: string, to: number): AsyncIterable<LoggedEvent> {
    for (let from = 1; from <= to; from += replaySliceEvents) {
      const upTo = Math.min(to, from + replaySliceEvents - 1);
      const page = { order: "asc", from, to: upTo, limit: replaySliceEvents } as const;
      yield* await this.#parts.events.readStream(stream, page);
    }
  }

  async #find(bucket: string): Promise<BucketState> {
    const state = await this.#parts.view.find(this.#namespace, bucket);
    if (state === undefined) throw bucketNotFound(bucket, this.#namespace);
    return state;
  }

  #seal(mediaType: PatchMediaType, json: JsonValue) {
    const { vault, newId, randomBytes } = this.#parts;
    const secrets: SealedSecret[] = [];
    const seal = (value: JsonValue): string => {
      const sealed = vault.seal(newId("sec"), value);
      secrets.push(sealed);
      return sealed.reference;
    };
    const { body, setsAdapter } = sealRequest(mediaType, json, seal);
    const sealed = secrets.map(({ reference }) => reference);
    if (!setsAdapter) {
      return { body, secrets, references: { sealed, generated: undefined }, generated: undefined };
    }
    // Whether the adapter is left without a secret shows only once the patch is applied.
    const value = `whsec_${Buffer.from(randomBytes(webhookSecretBytes)).toString("base64")}`;
    const reference = seal(value);
    const references: SecretReferences = { sealed, generated: reference };
    return { body, secrets, references, generated: { reference, value } };
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
        return { state, at, changes: [], ignoredFields, replayed: true, dryRun };
      }
      case "refused":
        throw await this.#explain(outcome.error, options);
    }
  }

  /** What a write left, and when, for answering it again as of then. */
  async #stateThen({ stream, version }: Placement): Promise<{ state: BucketState; at: number }> {
    const place = await this.#parts.events.placeAt(stream, { kind: "version", version });
    const state = await this.#parts.events.stateAt(stream, version);
    invariant(place !== undefined && state !== undefined, `${stream} has lost version ${version}`);
    return { state, at: place.recordedAt };
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
    const { events } = this.#parts;
    const { place, at, isFinal } = await this.#locate(current, asOf);
    const state = await events.stateAt(current.bucket_id, place.version);
    invariant(state !== undefined, `${current.bucket_id} has lost version ${place.version}`);
    if (state.deleted !== undefined) throw bucketDeleted(state);
    return { ...this.#answer(state, at), past: { recordedAt: place.recordedAt, isFinal } };
  }

  async #versionAt(current: BucketState, point: AskedPoint): Promise<number> {
    return (await this.#locate(current, point)).place.version;
  }

  /** The event that shows the bucket at the point, and the moment that an answer is then about. */
  async #locate(current: BucketState, { point, text }: AskedPoint) {
    const { events, clock } = this.#parts;
    const head = await events.head();
    const isKnown =
      point.kind === "version"
        ? point.version <= current.version
        : point.kind === "position"
          ? point.position <= head.position
          : point.time <= clock();
    const place = isKnown ? await events.placeAt(current.bucket_id, point) : undefined;
    if (place === undefined) throw await this.#outsideHistory(current, text);
    switch (point.kind) {
      case "version":
        return { place, at: place.recordedAt, isFinal: true };
      case "position":
        return { place, at: await this.#timeOf(point.position), isFinal: true };
      case "time":
        return { place, at: point.time, isFinal: point.time < head.recordedAt };
    }
  }

  async #timeOf(position: number): Promise<number> {
    const [row] = await this.#parts.events.readLog(position - 1, 1);
    invariant(row !== undefined, `the log has lost position ${position}`);
    return row.recordedAt;
  }

  async #outsideHistory(state: BucketState, asked: string): Promise<BucketsError> {
    const { events } = this.#parts;
    const stream = state.bucket_id;
    const first = await events.placeAt(stream, { kind: "version", version: 1 });
    const last = await events.placeAt(stream, { kind: "version", version: state.version });
    invariant(first !== undefined && last !== undefined, `${stream} has no events`);
    return new BucketsError(
      "NOT_FOUND",
      `The history of this bucket has nothing at ${asked}: it begins at version 1 (${formatTime(first.recordedAt)}) and ends at version ${last.version} (${formatTime(last.recordedAt)}).`,
      { bucket_id: stream, first: shownPlace(first), last: shownPlace(last) },
    );
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

const plain = { secrets: [], revealedSecret: undefined, ignoredFields: [] } as const;

function only<T>(results: readonly T[]): T {
  const [result] = results;
  invariant(result !== undefined, "a unit of one without a result");
  return result;
}

/** A point in the past, and how it was asked for. */
interface AskedPoint {
  readonly point: Point;
  readonly text: string;
}

function asPoint(text: string | undefined, name: string): AskedPoint | undefined {
  return text === undefined ? undefined : { point: parsePoint(text, name), text };
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

function toEntry(logged: LoggedEvent): HistoryEntry {
  return toHistoryEntry(logged.recorded, logged);
}

function shownDocument(state: BucketState): JsonObject {
  const masked = maskSecrets(state.document);
  return isJsonObject(masked) ? masked : {};
}

function shownPlace(place: EventPlace) {
  return {
    version: place.version,
    position: place.position,
    recorded_at: formatTime(place.recordedAt),
  };
}
