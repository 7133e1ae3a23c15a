/** What the services stand on; the composition root makes it. */

import type { ServedNamespace } from "../api/index.js";
import type { BlobStore } from "../blobstore/blob-store.js";
import type { FetchPolicy } from "../domain/ingest/ssrf.js";
import type { Within } from "../domain/namespace/within.js";
import type { ReceivedTable } from "../eventstore/received-table.js";
import type { EventStore } from "../eventstore/store.js";
import type { View } from "../projections/view.js";
import type { Asker } from "./asker.js";
import type { CurrentBuckets } from "./buckets/current-buckets.js";
import type { UrlSigner } from "./keys/presign.js";
import type { LogProofs } from "./keys/proofs.js";
import type { Vault } from "./keys/vault.js";
import type { ReadAudit } from "./read-auditing.js";
import type { Attempts } from "./uploads/attempts.js";
import type { UploadQuota } from "./uploads/quota.js";
import type { Turns } from "./uploads/turns.js";
import type { UnitWriter } from "./write/writing.js";

export interface ServiceParts {
  readonly events: EventStore;
  readonly view: View;
  readonly current: CurrentBuckets;
  readonly vault: Vault;
  /** The bytes of blobs, by their hashes. */
  readonly blobs: BlobStore;
  /** What arrived for uploads that are not confirmed yet. */
  readonly received: ReceivedTable;
  /** Of the bytes that are on their way to uploads. */
  readonly turns: Turns;
  /** How often they were sent to signed URLs. */
  readonly attempts: Attempts;
  /** What they may be for a namespace, where that is bounded. */
  readonly quota?: UploadQuota | undefined;
  readonly signer: UrlSigner;
  readonly proofs: LogProofs;
  readonly readAudit: ReadAudit;
  /** Which URLs may be named for others to fetch. */
  readonly fetchPolicy: FetchPolicy;
  /** Carries out every write there is. */
  readonly units: UnitWriter;
  /** Whether this is a copy that hands out no batch yet. */
  readonly holdsTimers: boolean;
  /** Whether unknown fields are refused, unless a write says otherwise. */
  readonly isStrict: boolean;
  readonly clock: () => number;
  /** A new opaque id with that prefix: `bkt`, `evt`, `req`, `sec`, `task`, `txn`. */
  readonly newId: (prefix: string) => string;
  readonly randomBytes: (size: number) => Uint8Array;
}

/** As much of it as reading the past needs. */
export type ReadingParts = Pick<ServiceParts, "events" | "view" | "clock">;

/** What is served in one namespace, for one caller. */
export interface InNamespace {
  readonly parts: ServiceParts;
  readonly asker: Asker;
  readonly namespace: string;
  readonly write: ServedNamespace["write"];
}

/** The same of what is in one of its buckets. */
export interface InBucket extends InNamespace {
  /** An id or the exact name. */
  readonly bucket: string;
}

/** What is served of all that belongs to the organisation, for one caller. */
export interface OfOrganization {
  readonly parts: ServiceParts;
  readonly within: Within;
  /** What carries out the writes of the caller in that namespace. */
  readonly writeIn: (namespace: string) => ServedNamespace["write"];
}
