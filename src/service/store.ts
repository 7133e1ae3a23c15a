/** The store as one object: its namespaces, its log, and its upkeep. */
import type { BlobStore, CollectReport } from "../blobstore/blob-store.js";
import { formatTime } from "../domain/event.js";
import type { FetchPolicy } from "../domain/ingest/ssrf.js";
import { assertNamespace } from "../domain/namespace.js";
import { dueAt } from "../domain/resource.js";
import { toHex } from "../eventstore/codec.js";
import { CommitQueue } from "../eventstore/commit-queue.js";
import type { ReceivedTable } from "../eventstore/received-table.js";
import type { EventStore, Health, Outcome, Unit } from "../eventstore/store.js";
import type {
  OnProgress,
  ProjectionKeeper,
  RebuildReport,
  ReplayReport,
  VerifyReport,
  View,
} from "../projections/view.js";
import { CommitSignal } from "./commit-signal.js";
import { LogFeed } from "./feed.js";
import { Ingestion } from "./ingestion.js";
import type {
  EmbeddedStore,
  Feed,
  FeedQuery,
  HeadAnswer,
  IngestResponse,
  ReceivedBytes,
  ServedCaller,
  ServedNamespace,
  SignedBytes,
  SignedDelivery,
  TokenGate,
  VerifyOptions,
} from "./interface.js";
import { NamespaceService } from "./namespace.js";
import type { KnownCaller, ServiceParts } from "./parts.js";
import type { UploadSigner } from "./presign.js";
import { forgetSettled, receiveSigned } from "./receiving.js";
import type { Vault } from "./vault.js";
import { verifyBlobs } from "./verifying.js";
import { WindowCloser } from "./windows.js";

/** What the composition root puts together. */
export interface StoreParts {
  readonly events: EventStore;
  readonly view: View;
  readonly keeper: ProjectionKeeper;
  readonly vault: Vault;
  readonly blobs: BlobStore;
  readonly received: ReceivedTable;
  readonly signer: UploadSigner;
  readonly fetchPolicy: FetchPolicy;
  readonly tokens: TokenGate;
  readonly clock: () => number;
  readonly newId: (prefix: string) => string;
  readonly randomBytes: (size: number) => Uint8Array;
  /** The name on events whose caller gives none. */
  readonly actor: string;
  /** Whether what becomes due is done by itself: not by one that only reads. */
  readonly runsTimers: boolean;
}

/** Longer than any write takes from its bytes to its commit. */
const blobGraceMs = 24 * 60 * 60 * 1_000;

const ignoreProgress: OnProgress = () => {};

export class Store implements EmbeddedStore {
  readonly #parts: StoreParts;
  readonly #queue: CommitQueue;
  readonly #service: ServiceParts;
  readonly #signal: CommitSignal;
  readonly #windows: WindowCloser;
  #closing: Promise<void> | undefined;

  constructor(parts: StoreParts) {
    this.#parts = parts;
    this.#queue = new CommitQueue(parts.events);
    this.#signal = new CommitSignal({
      headPosition: async () => (await parts.events.head()).position,
    });
    this.#service = { ...parts, submit: (unit) => this.#submit(unit) };
    this.#windows = new WindowCloser(this.#service);
    if (parts.runsTimers) this.#windows.start();
  }

  async #submit(unit: Unit): Promise<Outcome> {
    const outcome = await this.#queue.submit(unit);
    if (outcome.kind === "committed") {
      this.#signal.announce();
      if (outcome.results.some(({ state }) => dueAt(state) !== undefined)) this.#windows.wake();
    }
    return outcome;
  }

  namespace(name = "default", caller: ServedCaller = {}): ServedNamespace {
    assertNamespace(name);
    return new NamespaceService(this.#service, name, this.#known(caller));
  }

  #known(caller: ServedCaller): KnownCaller {
    const actor = caller.actor ?? this.#parts.actor;
    return {
      actor,
      token: caller.token ?? actor,
      requestId: caller.requestId,
      userAgent: caller.userAgent,
      remoteAddress: caller.remoteAddress,
      traceId: caller.traceId,
      publicUrl: caller.publicUrl ?? "",
    };
  }

  ingest(
    bucketId: string,
    delivery: SignedDelivery,
    caller: ServedCaller = {},
  ): Promise<IngestResponse> {
    return new Ingestion(this.#service, this.#known(caller)).deliver(bucketId, delivery);
  }

  get tokens(): TokenGate {
    return this.#parts.tokens;
  }

  async head(): Promise<HeadAnswer> {
    const { position, hash, recordedAt } = await this.#parts.events.head();
    return { position, hash: toHex(hash), recorded_at: formatTime(recordedAt) };
  }

  events(query: FeedQuery = {}): Feed {
    return new LogFeed({ ...this.#parts, signal: this.#signal }, query);
  }

  async verify({
    expected,
    onProgress = ignoreProgress,
    blobs = "existence",
  }: VerifyOptions = {}): Promise<VerifyReport> {
    const report = await this.#parts.keeper.verify(expected, onProgress);
    if (!report.ok) return report;
    const looked = await verifyBlobs(this.#parts, blobs);
    return { ...report, ok: looked.fault === undefined, ...looked };
  }

  replay(options: { onProgress?: OnProgress } = {}): Promise<ReplayReport> {
    return this.#parts.keeper.replay(options.onProgress ?? ignoreProgress);
  }

  rebuild(options: { onProgress?: OnProgress } = {}): Promise<RebuildReport> {
    return this.#parts.keeper.rebuild(options.onProgress ?? ignoreProgress);
  }

  async collectBlobs({
    graceMs = blobGraceMs,
  }: {
    readonly graceMs?: number;
  } = {}): Promise<CollectReport> {
    const { blobs, view, received } = this.#parts;
    await forgetSettled(this.#parts);
    const findReferenced = async (hashes: readonly string[]) =>
      new Set([...(await view.referenced(hashes)), ...received.held(hashes)]);
    return blobs.collect({ findReferenced, graceMs });
  }

  receiveUpload(bytes: SignedBytes): Promise<ReceivedBytes> {
    return receiveSigned(this.#service, bytes);
  }

  closeWindows(): Promise<number> {
    return this.#windows.closeDue();
  }

  health(): Promise<Health> {
    return this.#parts.events.health();
  }

  close(): Promise<void> {
    // The feeds first: none may read from a file that is closed.
    this.#signal.close();
    const stopped = this.#windows.stop();
    this.#closing ??= this.#queue
      .close()
      .then(() => stopped)
      .then(() => this.#parts.events.close());
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
