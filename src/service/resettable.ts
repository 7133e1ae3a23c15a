/**
 * A store that can begin anew: for tests and development, never on a file. Resetting opens a fresh
 * store and puts it in the place of the old one, which first answers what it had taken.
 */
import type { Health } from "../eventstore/store.js";
import type { RebuildReport, ReplayReport, VerifyReport } from "../projections/view.js";
import type {
  CollectReport,
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
} from "./interface.js";

export class ResettableStore implements EmbeddedStore {
  readonly #open: () => Promise<EmbeddedStore>;
  #store: EmbeddedStore;
  /** Those of the first store: a reset does not log anybody out. */
  readonly tokens: TokenGate;

  private constructor(open: () => Promise<EmbeddedStore>, store: EmbeddedStore) {
    this.#open = open;
    this.#store = store;
    this.tokens = store.tokens;
  }

  /** @param open opens a store in memory and loads its seed. */
  static async open(open: () => Promise<EmbeddedStore>): Promise<ResettableStore> {
    return new ResettableStore(open, await open());
  }

  /** Back to the seed; positions and versions begin anew. */
  async reset(): Promise<void> {
    const old = this.#store;
    this.#store = await this.#open();
    await old.close();
  }

  namespace(name?: string, caller?: ServedCaller): ServedNamespace {
    return this.#store.namespace(name, caller);
  }

  head(): Promise<HeadAnswer> {
    return this.#store.head();
  }

  /** Ends at a reset: the log that it reads is over, and cursors of it are GONE. */
  events(query?: FeedQuery): Feed {
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

  closeWindows(): Promise<number> {
    return this.#store.closeWindows();
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
