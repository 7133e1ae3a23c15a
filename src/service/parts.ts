/** What the services stand on; the composition root makes it. */
import type { BlobStore } from "../blobstore/blob-store.js";
import type { FetchPolicy } from "../domain/ingest/ssrf.js";
import type { ReceivedTable } from "../eventstore/received-table.js";
import type { EventStore, Outcome, Unit } from "../eventstore/store.js";
import type { View } from "../projections/view.js";
import type { UploadSigner } from "./presign.js";
import type { Vault } from "./vault.js";

export interface ServiceParts {
  readonly events: EventStore;
  readonly view: View;
  readonly vault: Vault;
  /** The bytes of blobs, by their hashes. */
  readonly blobs: BlobStore;
  /** What arrived for uploads that are not confirmed yet. */
  readonly received: ReceivedTable;
  readonly signer: UploadSigner;
  /** Which URLs may be named for others to fetch. */
  readonly fetchPolicy: FetchPolicy;
  /** Resolves once the unit is durable. */
  readonly submit: (unit: Unit) => Promise<Outcome>;
  readonly clock: () => number;
  /** A new opaque id with that prefix: `bkt`, `evt`, `req`, `sec`, `task`, `txn`. */
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
