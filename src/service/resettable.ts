/**
 * A store that can begin anew: for tests and development, never on a file. Resetting opens a fresh
 * store and puts it in the place of the old one, which first answers what it had taken. What was taken
 * of it before, such as a namespace or its buckets, goes on working on the new one.
 */

import type {
  AnchorPlaces,
  AnchorReport,
  BackupReport,
  CollectReport,
  CurrentBucket,
  EmbeddedStore,
  ExtractReport,
  Feed,
  ForkOptions,
  ForkReport,
  HeadAnswer,
  IngestResponse,
  LogIntegrity,
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
  ServedProofs,
  SignedBytes,
  SignedDelivery,
  SignedDownload,
  TokenGate,
} from "../api/index.js";
import type { Health } from "../domain/health.js";
import type { RebuildReport, ReplayReport, VerifyReport } from "../domain/reports.js";
import { lasting } from "./lasting.js";

export class ResettableStore implements EmbeddedStore {
  readonly #open: () => Promise<EmbeddedStore>;
  #store: EmbeddedStore;

  private constructor(open: () => Promise<EmbeddedStore>, store: EmbeddedStore) {
    this.#open = open;
    this.#store = store;
  }

  /** @param open opens a store in memory and loads its seed. */
  static async open(open: () => Promise<EmbeddedStore>): Promise<ResettableStore> {
    return new ResettableStore(open, await open());
  }

  /** Back to the seed; positions and versions begin anew. Tokens that were made since go on to open it. */
  async reset(): Promise<void> {
    const old = this.#store;
    const next = await this.#open();
    // Nobody is logged out.
    await next.tokens.goOnWith(old.tokens.held);
    this.#store = next;
    await old.close();
  }

  namespace(name?: string, caller?: ServedCaller): ServedNamespace {
    return lasting(() => this.#store.namespace(name, caller));
  }

  organization(caller?: ServedCaller): ServedOrganization {
    return lasting(() => this.#store.organization(caller));
  }

  readyBucket(namespace: string, identifier: string): CurrentBucket | undefined {
    return this.#store.readyBucket(namespace, identifier);
  }

  get reads(): ReadTracker {
    return lasting(() => this.#store.reads);
  }

  get namespaces(): ServedNamespaces {
    return lasting(() => this.#store.namespaces);
  }

  get isStrict(): boolean {
    return this.#store.isStrict;
  }

  get tokens(): TokenGate {
    return lasting(() => this.#store.tokens);
  }

  get proofs(): ServedProofs {
    return lasting(() => this.#store.proofs);
  }

  get integrity(): LogIntegrity {
    return this.#store.integrity;
  }

  clockSkewMs(): number {
    return this.#store.clockSkewMs();
  }

  head(): Promise<HeadAnswer> {
    return this.#store.head();
  }

  /** Ends at a reset: the log that it reads is over, and cursors of it are GONE. */
  events(query?: ServedFeedQuery): Feed {
    return this.#store.events(query);
  }

  verify(options?: Parameters<EmbeddedStore["verify"]>[0]): Promise<VerifyReport> {
    return this.#store.verify(options);
  }

  replay(options?: Parameters<EmbeddedStore["replay"]>[0]): Promise<ReplayReport> {
    return this.#store.replay(options);
  }

  rebuild(options?: Parameters<EmbeddedStore["rebuild"]>[0]): Promise<RebuildReport> {
    return this.#store.rebuild(options);
  }

  collectBlobs(options?: Parameters<EmbeddedStore["collectBlobs"]>[0]): Promise<CollectReport> {
    return this.#store.collectBlobs(options);
  }

  backup(...given: Parameters<EmbeddedStore["backup"]>): Promise<BackupReport> {
    return this.#store.backup(...given);
  }

  extract(...given: Parameters<EmbeddedStore["extract"]>): Promise<ExtractReport> {
    return this.#store.extract(...given);
  }

  forkLog(options: ForkOptions): Promise<ForkReport> {
    return this.#store.forkLog(options);
  }

  rotateSigningKey(options?: RotateOptions): Promise<RotationReport> {
    return this.#store.rotateSigningKey(options);
  }

  anchor(places?: AnchorPlaces): Promise<AnchorReport> {
    return this.#store.anchor(places);
  }

  exportLog(options?: Parameters<EmbeddedStore["exportLog"]>[0]): AsyncIterable<string> {
    return this.#store.exportLog(options);
  }

  ingest(
    bucketId: string,
    delivery: SignedDelivery,
    caller?: ServedCaller,
  ): Promise<IngestResponse> {
    return this.#store.ingest(bucketId, delivery, caller);
  }

  receiveUpload(bytes: SignedBytes): Promise<ReceivedBytes> {
    return this.#store.receiveUpload(bytes);
  }

  download(signed: SignedDownload): ServedBlob {
    return this.#store.download(signed);
  }

  closeWindows(): Promise<number> {
    return this.#store.closeWindows();
  }

  rescue(): Promise<RescueReport> {
    return this.#store.rescue();
  }

  health(): Promise<Health> {
    return this.#store.health();
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
