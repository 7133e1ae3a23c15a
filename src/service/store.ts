/** The store as one object: its namespaces, its log, and its upkeep. */

import type {
  AnchorPlaces,
  AnchorReport,
  BackupReport,
  CurrentBucket,
  EmbeddedStore,
  ExportLogOptions,
  ExtractOptions,
  ExtractReport,
  Feed,
  ForkOptions,
  ForkReport,
  HeadAnswer,
  IngestResponse,
  LogIntegrity,
  OwnBackupOptions,
  ReadTracker,
  ReceivedBytes,
  RescueReport,
  RotateOptions,
  RotationReport,
  ServedBlob,
  ServedCaller,
  ServedFeedQuery,
  ServedNamespace,
  ServedNamespaces,
  ServedOrganization,
  SignedBytes,
  SignedDelivery,
  SignedDownload,
  TokenGate,
  VerifyOptions,
} from "../api/index.js";
import {
  assertText,
  BackupFields,
  ExtractFields,
  RotateFields,
  readOptions,
  ServedCallerFields,
} from "../api/options.js";
import type { BlobStore } from "../blobstore/blob-store.js";
import { checkedBlobs } from "../blobstore/checked.js";
import type { Backups } from "../copies/backup.js";
import { exportBlobs } from "../copies/export-blobs.js";
import { exportLog } from "../copies/export-log.js";
import { extractStore } from "../copies/extract.js";
import { checkClock, clockSkew } from "../domain/clock-skew.js";
import { BucketsError, isBucketsError } from "../domain/errors.js";
import { formatTime } from "../domain/event.js";
import { fails, type Health, type HealthCheck, healthOf, warns } from "../domain/health.js";
import type { FetchPolicy } from "../domain/ingest/ssrf.js";
import { assertNamespace } from "../domain/namespace/name.js";
import type {
  CollectReport,
  OnProgress,
  RebuildReport,
  ReplayReport,
  VerifyReport,
} from "../domain/reports.js";
import { toHex } from "../eventstore/codec.js";
import { Committer } from "../eventstore/committer.js";
import type { ReceivedTable } from "../eventstore/received-table.js";
import type { RowMacs, RowSeals } from "../eventstore/row-seals.js";
import type { EventStore, Unit } from "../eventstore/store.js";
import type { KeptToken, TokenTable } from "../eventstore/token-table.js";
import type { TimerTable } from "../projections/timer-table.js";
import type { ProjectionKeeper, View } from "../projections/view.js";
import { readCheckpoint } from "../proofs/checkpoint.js";
import type { KnownCaller } from "./asker.js";
import { heldCheck } from "./batches/held-copy.js";
import { WindowCloser } from "./batches/window-closer.js";
import { referencesTo } from "./blob-references.js";
import { CurrentBuckets } from "./buckets/current-buckets.js";
import { OpenGate } from "./closing.js";
import { DamagedBlobs } from "./damaged-blobs.js";
import { LogFeed } from "./feed/feed.js";
import { Ingestion } from "./ingest/ingestion.js";
import { anchorCommand, anchorFile } from "./keys/anchors.js";
import type { PlaceSeal } from "./keys/place-seal.js";
import type { UrlSigner } from "./keys/presign.js";
import { LogProofs, type ProofParts } from "./keys/proofs.js";
import { TokenSecrets } from "./keys/token-secrets.js";
import { StoredTokens } from "./keys/tokens.js";
import type { Vault } from "./keys/vault.js";
import { NamespaceService } from "./namespace.js";
import { NamespacesService } from "./namespaces/namespaces.js";
import { openBlob } from "./objects/blobs.js";
import { OrganizationService } from "./organization.js";
import { OwnLog } from "./own-log.js";
import type { ServiceParts } from "./parts.js";
import { extractSource } from "./read/extracting.js";
import { checkRows, findTokenFault, verifyBlobs } from "./read/verifying.js";
import type { ReadAudit } from "./read-auditing.js";
import { Scrub, type ScrubParts } from "./scrub/scrub.js";
import { StorageFaults } from "./storage-faults.js";
import { Attempts } from "./uploads/attempts.js";
import { UploadQuota } from "./uploads/quota.js";
import { forgetSettled, receiveSigned } from "./uploads/receiving.js";
import { Turns } from "./uploads/turns.js";
import { UnitWriter } from "./write/writing.js";

/** Access tokens, as far as they are known when a store is opened. */
export interface OpenedTokens {
  readonly table: TokenTable;
  readonly kept: readonly KeptToken[];
}

/** What the composition root puts together. */
export interface StoreParts extends Omit<ProofParts, "log"> {
  readonly events: EventStore;
  readonly view: View;
  readonly upkeep: ProjectionKeeper;
  readonly vault: Vault;
  readonly blobs: BlobStore;
  readonly received: ReceivedTable;
  readonly readAudit: ReadAudit;
  readonly seals: RowSeals;
  readonly rowMacs: RowMacs;
  readonly timers: TimerTable;
  readonly signer: UrlSigner;
  readonly placeSeal: PlaceSeal;
  readonly fetchPolicy: FetchPolicy;
  readonly tokens: OpenedTokens;
  readonly backups: Backups;
  readonly clock: () => number;
  readonly newId: (prefix: string) => string;
  readonly randomBytes: (size: number) => Uint8Array;
  /** The name on events whose caller gives none. */
  readonly actor: string;
  readonly rescue: () => Promise<RescueReport>;
  /** Goes through all of it in the background, at that rate. */
  readonly scrub?: Pick<ScrubParts, "notes" | "bytesPerSecond"> | undefined;
  /** Of the uploads of one namespace; without a bound unless given. */
  readonly maxUploadBytes?: number | undefined;
  /** Whether unknown fields are refused, unless a write says otherwise. */
  readonly isStrict: boolean;
  /** How long a write may wait for its turn. */
  readonly maxQueueMs?: number | undefined;
  /** How it is with the key of the secrets. */
  readonly key: () => HealthCheck;
  /** Whether what becomes due is done by itself: not by one that only reads, or is a copy. */
  readonly runsTimers: boolean;
  /** Whether it is a copy, which hands out no batch either. */
  readonly holdsTimers: boolean;
}

/** Longer than any write takes from its bytes to its commit. */
const blobGraceMs = 24 * 60 * 60 * 1_000;

interface ProgressOptions {
  readonly onProgress?: OnProgress;
}

const ignoreProgress: OnProgress = () => {};

export class Store implements EmbeddedStore {
  readonly #parts: StoreParts;
  readonly #committer: Committer;
  /** Itself, for closing it. */
  readonly #events: EventStore;
  readonly #service: ServiceParts;
  readonly #windows: WindowCloser;
  readonly #gate = new OpenGate();
  readonly #faults = new StorageFaults();
  readonly #damaged = new DamagedBlobs();
  readonly #scrub: Scrub | undefined;
  readonly proofs: LogProofs;
  readonly namespaces: ServedNamespaces;
  readonly tokens: TokenGate;
  #closing: Promise<void> | undefined;

  constructor(given: StoreParts) {
    const reading = this.#faults.of("storage");
    const guard = <Part extends object>(part: Part) => this.#gate.guard(part, reading);
    const parts = {
      ...given,
      events: guard(given.events),
      view: guard(given.view),
      tokens: { ...given.tokens, table: guard(given.tokens.table) },
      received: guard(given.received),
      readAudit: guard(given.readAudit),
      timers: guard(given.timers),
      blobs: this.#gate.guard(
        checkedBlobs(given.blobs, (hash) => this.#damaged.note(hash)),
        this.#faults.of("blobs"),
      ),
    };
    this.#parts = parts;
    this.#events = given.events;
    this.#scrub = given.scrub && new Scrub({ ...parts, ...given.scrub });
    this.#scrub?.start();
    const committer = new Committer(parts.events, { waitMsMax: given.maxQueueMs });
    this.#committer = committer;
    const submit = (unit: Unit) => committer.submit(unit);
    this.proofs = new LogProofs({ ...parts, log: new OwnLog({ ...parts, submit }) });
    this.#service = {
      ...parts,
      turns: new Turns(),
      current: new CurrentBuckets(parts),
      attempts: new Attempts(),
      quota: this.#quota(parts, committer),
      units: new UnitWriter({ ...parts, committer, run: this.#gate.run }),
      proofs: this.proofs,
    };
    this.tokens = guard(
      new StoredTokens({
        ...this.#service,
        table: parts.tokens.table,
        secrets: new TokenSecrets(parts.tokens.kept, parts.tokens.table),
        known: (caller) => this.#known(caller),
      }),
    );
    this.namespaces = new NamespacesService({
      parts: this.#service,
      caller: this.#known({}),
      known: (caller) => this.#known(caller),
    });
    this.#windows = new WindowCloser({ ...this.#service, timers: parts.timers });
    committer.onDue(() => this.#windows.wake());
    if (parts.runsTimers) this.#windows.start();
  }

  #quota(parts: StoreParts, committer: Committer): UploadQuota | undefined {
    if (parts.maxUploadBytes === undefined) return undefined;
    const quota = new UploadQuota(parts, parts.maxUploadBytes);
    committer.onCommitted((results) => quota.noteCommitted(results));
    committer.onUnknown(() => quota.noteUnknown());
    return quota;
  }

  namespace(name = "default", caller: ServedCaller = {}): ServedNamespace {
    assertNamespace(name);
    return new NamespaceService(this.#service, { namespace: name, caller: this.#known(caller) });
  }

  readyBucket(namespace: string, identifier: string): CurrentBucket | undefined {
    if (this.#closing !== undefined) return undefined;
    return this.#service.current.ready(namespace, identifier);
  }

  get reads(): ReadTracker {
    return this.#parts.readAudit;
  }

  organization(caller: ServedCaller = {}): ServedOrganization {
    return new OrganizationService(this.#service, this.#known(caller));
  }

  #known(given: ServedCaller): KnownCaller {
    const caller = readOptions(ServedCallerFields, given);
    const actor = caller.actor ?? this.#parts.actor;
    return {
      actor,
      keysOf: caller.token ?? actor,
      token: caller.token,
      requestId: caller.requestId,
      userAgent: caller.userAgent,
      remoteAddress: caller.remoteAddress,
      traceId: caller.traceId,
      publicUrl: caller.publicUrl ?? "",
      opens: caller.opens,
    };
  }

  ingest(
    bucketId: string,
    delivery: SignedDelivery,
    caller: ServedCaller = {},
  ): Promise<IngestResponse> {
    assertText(bucketId, "bucket");
    // A copy: what is signed must still be what was verified once its secrets have been read.
    const arriving = { headers: { ...delivery.headers }, read: readerOf(delivery.body) };
    return new Ingestion(this.#service).deliver(this.#known(caller), bucketId, arriving);
  }

  get isStrict(): boolean {
    return this.#parts.isStrict;
  }

  get integrity(): LogIntegrity {
    const { integrity } = this.#events;
    return {
      fault: integrity.fault,
      report: (fault) => integrity.report(fault),
      damagedBlobs: this.#damaged.count,
      scrub: this.#scrub?.progress,
    };
  }

  clockSkewMs(): number {
    return clockSkew(this.#parts.events.newestAt(), this.#parts.clock());
  }

  async head(): Promise<HeadAnswer> {
    const { position, hash, recordedAt } = await this.#parts.events.head();
    return { position, hash: toHex(hash), recorded_at: formatTime(recordedAt) };
  }

  events(query: ServedFeedQuery = {}): Feed {
    return new LogFeed({ ...this.#parts, signal: this.#committer.signal }, query);
  }

  async verify({
    expected,
    checkpoint,
    onProgress = ignoreProgress,
    blobs = "existence",
  }: VerifyOptions = {}): Promise<VerifyReport> {
    const { upkeep } = this.#parts;
    return await this.#gate.run(async () => {
      const progress = this.#endingWithStore(onProgress);
      const root = checkpoint && { ...checkpoint, root: Buffer.from(checkpoint.root, "hex") };
      const report = await upkeep.verify(expected, progress, root);
      if (!report.ok) return report;
      const looked = await verifyBlobs(this.#parts, blobs);
      if (looked.fault !== undefined) return { ...report, ok: false, ...looked };
      const { checked, problem } = await this.#parts.readAudit.verify(() =>
        this.#gate.assertTakesWork(),
      );
      const reads = { checked };
      const rows = await checkRows(this.#parts);
      const ofTokens = rows.problem ?? (await findTokenFault(this.#parts.tokens.table));
      const not_checked = [
        ...rows.notChecked,
        ...(blobs === "content" ? [] : ["the content of blobs: --content reads it"]),
      ];
      const done = { ...report, ...looked, reads, rows: { checked: rows.checked }, not_checked };
      const told = problem === undefined ? ofTokens : `in the audit of reads, ${problem}`;
      if (told === undefined) return done;
      return { ...done, ok: false, fault: { position: report.head.position, problem: told } };
    });
  }

  replay({ onProgress = ignoreProgress }: ProgressOptions = {}): Promise<ReplayReport> {
    const { upkeep } = this.#parts;
    return this.#gate.run(() => upkeep.replay(this.#endingWithStore(onProgress)));
  }

  rebuild({ onProgress = ignoreProgress }: ProgressOptions = {}): Promise<RebuildReport> {
    const { upkeep } = this.#parts;
    return this.#gate.run(() => upkeep.rebuild(this.#endingWithStore(onProgress)));
  }

  async backup(
    to: string,
    { onProgress = ignoreProgress, ...given }: OwnBackupOptions = {},
  ): Promise<BackupReport> {
    assertText(to, "to");
    const options = readOptions(BackupFields, given);
    return await this.#gate.run(async () =>
      this.#parts.backups.take(
        to,
        { ...options, onProgress: this.#endingWithStore(onProgress) },
        await this.proofs.signer(),
      ),
    );
  }

  anchor({ file, command }: AnchorPlaces = {}): Promise<AnchorReport> {
    const places = [
      ...(file === undefined ? [] : [anchorFile(file)]),
      ...(command === undefined ? [] : [anchorCommand(command)]),
    ];
    return this.#gate.run(() => this.proofs.anchor(places));
  }

  forkLog({ reason }: ForkOptions): Promise<ForkReport> {
    assertText(reason, "reason");
    return this.#gate.run(() => this.proofs.fork({ reason }));
  }

  async rotateSigningKey(given: RotateOptions = {}): Promise<RotationReport> {
    const options = readOptions(RotateFields, given);
    return await this.#gate.run(() => this.proofs.rotate(options));
  }

  async *exportLog({
    blobs: folder,
    onProgress = ignoreProgress,
  }: ExportLogOptions = {}): AsyncIterable<string> {
    const { events, tree, view, blobs, clock } = this.#parts;
    const checkpoint = await this.proofs.toExport();
    const identity = await tree.identity();
    // It may be one of a name that the log had before it was forked.
    const { origin } = readCheckpoint(checkpoint.note);
    const progress = this.#endingWithStore(onProgress);
    if (folder !== undefined) {
      const onNext = () => this.#gate.assertTakesWork();
      await exportBlobs(folder, { blobs, view, clock, onNext });
    }
    yield* exportLog({
      events,
      identity: { ...identity, origin },
      checkpoint,
      onProgress: progress,
    });
  }

  async extract(
    to: string,
    { onProgress = ignoreProgress, ...given }: ExtractOptions = {},
  ): Promise<ExtractReport> {
    assertText(to, "to");
    const options = readOptions(ExtractFields, given);
    return await this.#gate.run(async () =>
      extractStore(to, {
        ...(await extractSource(this.#parts, options)),
        onProgress: this.#endingWithStore(onProgress),
      }),
    );
  }

  /** Long work looks after each slice whether it is still wanted. */
  #endingWithStore<Progress>(onProgress: (progress: Progress) => void) {
    return (progress: Progress) => {
      this.#gate.assertTakesWork();
      onProgress(progress);
    };
  }

  async collectBlobs({
    graceMs = blobGraceMs,
  }: {
    readonly graceMs?: number;
  } = {}): Promise<CollectReport> {
    const forgotten = await forgetSettled(this.#service);
    const findReferenced = referencesTo(this.#parts);
    const collected = await this.#parts.blobs.collect({ findReferenced, graceMs });
    return {
      ...collected,
      removed: collected.removed + forgotten.removed,
      bytesFreed: collected.bytesFreed + forgotten.bytesFreed,
    };
  }

  receiveUpload(bytes: SignedBytes): Promise<ReceivedBytes> {
    return receiveSigned(this.#service, bytes);
  }

  download({ signature, expiresAt, ...blob }: SignedDownload): ServedBlob {
    const { signer, clock, blobs } = this.#service;
    if (!signer.verify({ ...blob, expiresAt }, signature, clock())) {
      throw new BucketsError(
        "FORBIDDEN",
        "The URL is not signed for this, or no longer: read the object again for another.",
      );
    }
    return { ...blob, read: (range) => openBlob(blob, blobs, range) };
  }

  rescue(): Promise<RescueReport> {
    return this.#parts.rescue();
  }

  closeWindows(): Promise<number> {
    return this.#parts.holdsTimers ? Promise.resolve(0) : this.#windows.closeDue();
  }

  async health(): Promise<Health> {
    const { durability, checks, sizes } = await this.#events.health();
    if (this.#closing !== undefined) return healthOf(durability, [fails("writer", "closed")]);
    const all = [
      ...checks,
      this.#faults.check("storage"),
      this.#damaged.over(await this.#faults.checkWith("blobs", () => this.#parts.blobs.probe())),
      this.#parts.key(),
      await this.proofs.check(),
      this.#checkClock(),
      ...(this.#scrub === undefined ? [] : [this.#scrub.check()]),
      ...(this.#parts.holdsTimers ? [heldCheck] : []),
    ];
    const { sizeBytes: blobBytes } = this.#parts.blobs;
    return healthOf(durability, all, sizes && { ...sizes, blobBytes });
  }

  /** What cannot be read is told by the check of the storage. */
  #checkClock(): HealthCheck {
    try {
      return checkClock(this.clockSkewMs());
    } catch (error) {
      if (!isBucketsError(error)) throw error;
      return warns("clock", "the end of the log cannot be read");
    }
  }

  close(): Promise<void> {
    // The feeds first: none may read from a file that is closed.
    this.#committer.signal.close();
    const stopped = this.#windows.stop();
    this.#closing ??= this.#close(stopped);
    return this.#closing;
  }

  async #close(stopped: Promise<void>): Promise<void> {
    await this.#scrub?.stop();
    await this.#gate.settle();
    await this.#parts.readAudit.close();
    await this.#committer.close();
    await stopped;
    this.#gate.close();
    await this.#events.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** A copy is taken now, of bytes that are there. */
function readerOf(body: SignedDelivery["body"]): () => Promise<Uint8Array> {
  if (typeof body === "function") return body;
  const own = Uint8Array.from(body);
  return async () => own;
}
