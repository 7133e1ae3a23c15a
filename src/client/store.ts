/** The store behind a server, by the interface of the one in this process. */
import { z } from "zod";
import { isBucketsError } from "../domain/errors.js";
import { toJson } from "../domain/json.js";
import { assertNamespace } from "../domain/namespace.js";
import {
  allNamespaces,
  type BucketStore,
  blobChecks,
  type Caller,
  type Feed,
  type FeedQuery,
  HeadAnswer,
  type Health,
  type Namespace,
  type OnProgress,
  type RebuildReport,
  type ReplayReport,
  type Tokens,
  type VerifyOptions,
  type VerifyReport,
} from "../service/interface.js";
import { RemoteAudit } from "./audit.js";
import { claimRemotely, RemoteBatches } from "./batches.js";
import { RemoteBuckets } from "./buckets.js";
import { RemoteConnections } from "./connections.js";
import { RemoteFeed } from "./feed.js";
import { RemoteObjects } from "./objects.js";
import { RemoteSourceAdapter } from "./source-adapter.js";
import { RemoteTasks } from "./tasks.js";
import { RemoteTokens } from "./tokens.js";
import { transact } from "./transactions.js";
import type { Call, Transport } from "./transport.js";
import { RemoteUploads } from "./uploads.js";

const durability = z.enum(["full", "relaxed", "none"]);
const Readiness = z.object({ durability });
const Unreadiness = z.object({ durability, reason: z.string() });

const ProgressLine = z.object({ progress: z.object({ done: z.number(), total: z.number() }) });

const VerifyLine = z.object({
  ok: z.boolean(),
  events: z.number(),
  head: z.object({ position: z.number(), hash: z.string() }),
  fault: z.object({ position: z.number(), problem: z.string() }).exactOptional(),
  blobs: z.object({ check: z.enum(blobChecks), checked: z.number() }).exactOptional(),
}) satisfies z.ZodType<VerifyReport>;

const RebuildLine = z.object({
  replayed: z.number(),
  rows: z.number(),
  differences: z.number(),
}) satisfies z.ZodType<RebuildReport>;

const ReplayReportLine = z.object({
  replayed: z.number(),
  matches_view: z.boolean(),
  fault: z.object({ position: z.number(), problem: z.string() }).exactOptional(),
}) satisfies z.ZodType<ReplayReport>;

/** Where the client is at home. */
interface Home {
  readonly namespace: string;
  readonly actor: string | undefined;
  readonly signal: AbortSignal;
}

export class RemoteStore implements BucketStore {
  readonly tokens: Tokens;
  readonly #transport: Transport;
  readonly #home: Home;
  readonly #closing = new AbortController();

  constructor(transport: Transport, home: Home) {
    this.#transport = transport;
    this.#home = home;
    this.tokens = new RemoteTokens(transport);
  }

  namespace(name = this.#home.namespace, caller: Caller = {}): Namespace {
    assertNamespace(name);
    const { actor = this.#home.actor, requestId } = caller;
    const place = { namespace: name, actor, requestId };
    return {
      name,
      buckets: new RemoteBuckets(this.#transport, place),
      connections: new RemoteConnections(this.#transport, place),
      tasks: new RemoteTasks(this.#transport, place),
      audit: new RemoteAudit(this.#transport, place),
      sourceAdapter: (bucket) => new RemoteSourceAdapter(this.#transport, place, bucket),
      uploads: (bucket) => new RemoteUploads(this.#transport, place, bucket),
      batches: (bucket) => new RemoteBatches(this.#transport, place, bucket),
      claimBatch: (body, options = {}) => claimRemotely(this.#transport, place, body, options),
      objects: (bucket) => new RemoteObjects(this.#transport, place, bucket),
      transaction: (operations, options = {}) =>
        transact(this.#transport, place, operations, options),
    };
  }

  async head(): Promise<HeadAnswer> {
    const call = { kind: "read", method: "GET", path: "/v1/events/head" } as const;
    return (await this.#transport.json(call, HeadAnswer)).body;
  }

  events(query: FeedQuery = {}): Feed {
    const { namespace = this.#home.namespace } = query;
    if (namespace !== allNamespaces) assertNamespace(namespace);
    const ends = [this.#closing.signal, this.#home.signal];
    if (query.signal !== undefined) ends.push(query.signal);
    return new RemoteFeed(this.#transport, { ...query, namespace, signal: AbortSignal.any(ends) });
  }

  async verify(options: VerifyOptions = {}): Promise<VerifyReport> {
    const { expected = null, blobs = null } = options;
    const json = toJson({ expected, blobs });
    const call = { kind: "read", method: "POST", path: "/v1/admin/verify", json } as const;
    return await this.#report(call, VerifyLine, options.onProgress);
  }

  async replay(options: { onProgress?: OnProgress } = {}): Promise<ReplayReport> {
    const call = { kind: "read", method: "POST", path: "/v1/admin/replay" } as const;
    return await this.#report(call, ReplayReportLine, options.onProgress);
  }

  async rebuild(options: { onProgress?: OnProgress } = {}): Promise<RebuildReport> {
    const path = "/v1/admin/projections/view/rebuild";
    const call = { kind: "write", retries: 0, method: "POST", path } as const;
    return await this.#report(call, RebuildLine, options.onProgress);
  }

  /** What a server that is not ready says of itself is an answer, not an error. */
  async health(): Promise<Health> {
    const call = { kind: "read", retries: 0, method: "GET", path: "/readyz" } as const;
    try {
      return { ready: true, ...(await this.#transport.json(call, Readiness)).body };
    } catch (error) {
      const told = isBucketsError(error) ? Unreadiness.safeParse(error.details) : undefined;
      if (told?.success !== true) throw error;
      return { ready: false, ...told.data };
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#transport.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Passes on how far the work has come; the last line is its report. */
  async #report<Report>(
    call: Call,
    schema: z.ZodType<Report>,
    onProgress: OnProgress = () => {},
  ): Promise<Report> {
    const Line = z.union([ProgressLine, schema.transform((report) => ({ report }))]);
    for await (const line of this.#transport.lines(call, Line)) {
      if ("report" in line) return line.report;
      onProgress(line.progress);
    }
    throw this.#transport.cutShort();
  }
}
