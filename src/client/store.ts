/** The store behind a server, by the interface of the one in this process. */
import type {
  BackupOptions,
  BackupProgress,
  BackupReport,
  BucketStore,
  Caller,
  Feed,
  FeedQuery,
  HeadAnswer,
  Health,
  Namespace,
  Namespaces,
  OnProgress,
  Organization,
  Proofs,
  RebuildReport,
  ReplayReport,
  Tokens,
  VerifyOptions,
  VerifyReport,
} from "../api/index.js";
import { CallerFields, readOptions } from "../api/options.js";
import { isBucketsError } from "../domain/errors.js";
import { toJson } from "../domain/json.js";
import { allNamespaces, assertNamespace } from "../domain/namespace/name.js";
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
import { answerWith, either, mapped, type Shape } from "./shapes.js";
import { RemoteSourceAdapter } from "./source-adapter.js";
import { RemoteStatistics } from "./statistics.js";
import { RemoteSyncs } from "./syncs.js";
import { RemoteTasks } from "./tasks.js";
import { RemoteTokens } from "./tokens.js";
import { transact, writeRemotely } from "./transactions.js";
import type { Call, Transport } from "./transport.js";
import { RemoteUploads } from "./uploads.js";

interface Readiness {
  readonly durability: Health["durability"];
  readonly checks: Health["checks"];
}
interface Progress {
  readonly done: number;
  readonly total: number;
}

const Ready = answerWith<Readiness>({ durability: "string", checks: "list" });
const Unready = answerWith<Readiness & { readonly reason: string }>({
  durability: "string",
  checks: "list",
  reason: "string",
});
const Head = answerWith<HeadAnswer>({ position: "number", hash: "string" });
const Step = answerWith<Progress>({ done: "number", total: "number" });
const BackupStep = answerWith<BackupProgress>({ step: "string", done: "number" });
const Verified = answerWith<VerifyReport>({ ok: "boolean", events: "number" });
const Rebuilt = answerWith<RebuildReport>({ replayed: "number", differences: "number" });
const Replayed = answerWith<ReplayReport>({ replayed: "number", matches_view: "boolean" });
const BackedUp = answerWith<BackupReport>({ path: "string", position: "number" });

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
    return (await this.#transport.json(call, Head)).body;
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
    return await this.#report(call, Verified, Step, options.onProgress);
  }

  async replay(options: { onProgress?: OnProgress } = {}): Promise<ReplayReport> {
    const call = { kind: "read", method: "POST", path: "/v1/admin/replay" } as const;
    return await this.#report(call, Replayed, Step, options.onProgress);
  }

  async rebuild(options: { onProgress?: OnProgress } = {}): Promise<RebuildReport> {
    const path = "/v1/admin/projections/view/rebuild";
    const call = { kind: "write", retries: 0, method: "POST", path } as const;
    return await this.#report(call, Rebuilt, Step, options.onProgress);
  }

  async backup(to: string, options: BackupOptions = {}): Promise<BackupReport> {
    const json = toJson({ to, update: options.update ?? false });
    const path = "/v1/admin/backups";
    const call = { kind: "write", retries: 0, method: "POST", path, json } as const;
    return await this.#report(call, BackedUp, BackupStep, options.onProgress);
  }

  /** What a server that is not ready says of itself is an answer, not an error. */
  async health(): Promise<Health> {
    const call = { kind: "read", retries: 0, method: "GET", path: "/readyz" } as const;
    try {
      const { durability, checks } = (await this.#transport.json(call, Ready)).body;
      return { ready: true, durability, checks };
    } catch (error) {
      const told = isBucketsError(error) ? Unready(error.details) : undefined;
      if (told === undefined) throw error;
      const { durability, checks, reason } = told;
      return { ready: false, durability, checks, reason };
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
    last: Shape<Report>,
    step: Shape<Progress>,
    onProgress: (progress: Progress) => void = () => {},
  ): Promise<Report> {
    const Line = either(
      mapped(answerWith<{ readonly progress: unknown }>({ progress: "object" }), (line) => {
        const progress = step(line.progress);
        return progress === undefined ? undefined : { progress };
      }),
      (value) => {
        const report = last(value);
        return report === undefined ? undefined : { report };
      },
    );
    for await (const line of this.#transport.lines(call, Line)) {
      if ("report" in line) return line.report;
      onProgress(line.progress);
    }
    throw this.#transport.cutShort();
  }
}
