/** The store behind a server, by the interface of the one in this process. */
import { z } from "zod";
import {
  allNamespaces,
  type BackupOptions,
  BackupProgress,
  BackupReport,
  type BucketStore,
  blobChecks,
  type Caller,
  durabilities,
  type Feed,
  type FeedQuery,
  HeadAnswer,
  type Health,
  HealthCheck,
  type Namespace,
  type Namespaces,
  type OnProgress,
  type Organization,
  type Proofs,
  type RebuildReport,
  type ReplayReport,
  type Tokens,
  type VerifyOptions,
  type VerifyReport,
} from "../api/index.js";
import { CallerFields, readOptions } from "../api/options.js";
import { isBucketsError } from "../domain/errors.js";
import { toJson } from "../domain/json.js";
import { assertNamespace } from "../domain/namespace/name.js";
import { RemoteAudit, RemoteAuditSettings } from "./audit.js";
import { claimRemotely, RemoteBatches } from "./batches.js";
import { RemoteBuckets } from "./buckets.js";
import { RemoteConnections } from "./connections.js";
import { RemoteFeed } from "./feed.js";
import { revertRemotely } from "./namespace-revert.js";
import { RemoteNamespaces } from "./namespaces.js";
import { RemoteObjects } from "./objects.js";
import { RemoteProofs } from "./proofs.js";
import { Requests } from "./requests.js";
import { RemoteSourceAdapter } from "./source-adapter.js";
import { RemoteStatistics } from "./statistics.js";
import { RemoteSyncs } from "./syncs.js";
import { RemoteTasks } from "./tasks.js";
import { RemoteTokens } from "./tokens.js";
import { transact, writeRemotely } from "./transactions.js";
import type { Call, Transport } from "./transport.js";
import { RemoteUploads } from "./uploads.js";

const Readiness = z.object({ durability: z.enum(durabilities), checks: z.array(HealthCheck) });
const Unreadiness = Readiness.extend({ reason: z.string() });

const Progress = z.object({ done: z.number(), total: z.number() });

const Fault = z.object({ position: z.number(), problem: z.string() });

const VerifyLine = z.object({
  ok: z.boolean(),
  events: z.number(),
  head: z.object({ position: z.number(), hash: z.string() }),
  tree: z.object({ root: z.string(), checkpoints: z.number() }),
  fault: Fault.exactOptional(),
  unreadable: z.array(Fault).exactOptional(),
  blobs: z.object({ check: z.enum(blobChecks), checked: z.number() }).exactOptional(),
  reads: z.object({ checked: z.number() }).exactOptional(),
  rows: z.object({ checked: z.number() }).exactOptional(),
  not_checked: z.array(z.string()).exactOptional(),
}) satisfies z.ZodType<VerifyReport>;

const RebuildLine = z.object({
  replayed: z.number(),
  rows: z.number(),
  differences: z.number(),
  unreadable: z.array(Fault).exactOptional(),
}) satisfies z.ZodType<RebuildReport>;

const ReplayReportLine = z.object({
  replayed: z.number(),
  matches_view: z.boolean(),
  fault: Fault.exactOptional(),
  unreadable: z.array(Fault).exactOptional(),
}) satisfies z.ZodType<ReplayReport>;

/** Where the client is at home. */
interface Home {
  readonly namespace: string;
  readonly actor: string | undefined;
  readonly signal: AbortSignal;
}

export class RemoteStore implements BucketStore {
  readonly namespaces: Namespaces;
  readonly tokens: Tokens;
  readonly proofs: Proofs;
  readonly #transport: Transport;
  readonly #home: Home;
  readonly #closing = new AbortController();

  constructor(transport: Transport, home: Home) {
    this.#transport = transport;
    this.#home = home;
    const { namespace, actor } = home;
    this.namespaces = new RemoteNamespaces(
      new Requests(transport, { namespace, actor, requestId: undefined }),
    );
    this.tokens = new RemoteTokens(transport);
    this.proofs = new RemoteProofs(transport);
  }

  namespace(name = this.#home.namespace, caller: Caller = {}): Namespace {
    assertNamespace(name);
    const { actor = this.#home.actor, requestId } = readOptions(CallerFields, caller);
    const requests = new Requests(this.#transport, { namespace: name, actor, requestId });
    return {
      name,
      buckets: new RemoteBuckets(requests),
      connections: new RemoteConnections(requests),
      tasks: new RemoteTasks(requests),
      audit: new RemoteAudit(requests),
      statistics: new RemoteStatistics(requests),
      sourceAdapter: (bucket) => new RemoteSourceAdapter(requests, bucket),
      uploads: (bucket) => new RemoteUploads(requests, bucket),
      syncs: (bucket) => new RemoteSyncs(requests, bucket),
      batches: (bucket) => new RemoteBatches(requests, bucket),
      claimBatch: (body, options = {}) => claimRemotely(requests, body, options),
      revert: (options) => revertRemotely(requests, name, options),
      objects: (bucket) => new RemoteObjects(requests, bucket),
      write: (operation, options = {}) => writeRemotely(requests, operation, options),
      transaction: (operations, options = {}) => transact(requests, operations, options),
    };
  }

  organization(caller: Caller = {}): Organization {
    const { actor = this.#home.actor, requestId } = readOptions(CallerFields, caller);
    const requests = new Requests(this.#transport, { namespace: undefined, actor, requestId });
    return {
      connections: new RemoteConnections(requests),
      tasks: new RemoteTasks(requests),
      audit: new RemoteAudit(requests),
      auditSettings: new RemoteAuditSettings(requests),
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
    const { expected = null, checkpoint = null, blobs = null } = options;
    const json = toJson({ expected, checkpoint, blobs });
    const call = { kind: "read", method: "POST", path: "/v1/admin/verify", json } as const;
    return await this.#report(call, VerifyLine, Progress, options.onProgress);
  }

  async replay(options: { onProgress?: OnProgress } = {}): Promise<ReplayReport> {
    const call = { kind: "read", method: "POST", path: "/v1/admin/replay" } as const;
    return await this.#report(call, ReplayReportLine, Progress, options.onProgress);
  }

  async rebuild(options: { onProgress?: OnProgress } = {}): Promise<RebuildReport> {
    const path = "/v1/admin/projections/view/rebuild";
    const call = { kind: "write", retries: 0, method: "POST", path } as const;
    return await this.#report(call, RebuildLine, Progress, options.onProgress);
  }

  async backup(to: string, options: BackupOptions = {}): Promise<BackupReport> {
    const json = toJson({ to, update: options.update ?? false });
    const path = "/v1/admin/backups";
    const call = { kind: "write", retries: 0, method: "POST", path, json } as const;
    return await this.#report(call, BackupReport, BackupProgress, options.onProgress);
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
  async #report<Report, Progress>(
    call: Call,
    schema: z.ZodType<Report>,
    step: z.ZodType<Progress>,
    onProgress: (progress: Progress) => void = () => {},
  ): Promise<Report> {
    const Line = z.union([
      z.object({ progress: step }),
      schema.transform((report) => ({ report })),
    ]);
    for await (const line of this.#transport.lines(call, Line)) {
      if ("report" in line) return line.report;
      onProgress(line.progress);
    }
    throw this.#transport.cutShort();
  }
}
