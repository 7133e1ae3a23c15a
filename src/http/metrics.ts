/** What the operator's Prometheus reads. Labels are templates and names from closed sets, never ids. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { CheckpointAnswer, EmbeddedStore, LogIntegrity } from "../api/index.js";
import { isBucketsError } from "../domain/errors.js";
import type { Health } from "../domain/health.js";
import type { FailedLogin } from "./access.js";

export interface Metrics {
  readonly contentType: string;
  /** The text of every metric, as of now. */
  readonly text: () => Promise<string>;
  readonly observe: (request: ObservedRequest) => void;
  /** @param result what became of a delivery to a source adapter. */
  readonly countDelivery: (result: string) => void;
  readonly countFailedLogin: (why: FailedLogin["why"]) => void;
}

interface ObservedRequest {
  readonly method: string;
  /** The template of the route. */
  readonly route: string;
  readonly status: number;
  readonly seconds: number;
}

const knownMethods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

interface MeasuredParts {
  readonly store: EmbeddedStore;
  readonly health: () => Promise<Health>;
  readonly isDraining: () => boolean;
  readonly backups: { readonly newest: number | undefined } | undefined;
}

/** A registry of its own, so that two apps in one process do not count for each other. */
export function createMetrics({
  store,
  health: askHealth,
  isDraining,
  backups,
}: MeasuredParts): Metrics {
  const health = askedOnce(askHealth);
  const newestCheckpoint = askedOnce(() => checkpointIfAny(store));
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const duration = new Histogram({
    name: "http_request_duration_seconds",
    help: "Time from a request to the end of its handling, by route template.",
    labelNames: ["method", "route", "status"],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers,
  });
  /** Those that were observed, by their labels. */
  const durations = new Map<string, ReturnType<typeof duration.labels>>();
  const deliveries = new Counter({
    name: "bucketlog_deliveries_total",
    help: "Deliveries to source adapters, by what became of them.",
    labelNames: ["result"],
    registers,
  });
  const failedLogins = new Counter({
    name: "bucketlog_authentication_failures_total",
    help: "Requests without a token that opens anything: none was sent (missing), or it was refused.",
    labelNames: ["why"],
    registers,
  });
  for (const why of ["missing", "refused"] as const) failedLogins.inc({ why }, 0);
  new Gauge({
    name: "bucketlog_log_position",
    help: "The position of the newest event of the log.",
    registers,
    async collect() {
      this.set((await store.head()).position);
    },
  });
  new Gauge({
    name: "bucketlog_clock_skew_seconds",
    help: "How far the newest event was recorded ahead of the clock; 0 while the clock is right.",
    registers,
    collect() {
      this.set(store.clockSkewMs() / 1_000);
    },
  });
  new Gauge({
    name: "bucketlog_checkpoint_size",
    help: "How many events the newest checkpoint signs; 0 before the first.",
    registers,
    async collect() {
      this.set((await newestCheckpoint())?.size ?? 0);
    },
  });
  new Gauge({
    name: "bucketlog_checkpoint_age_seconds",
    help: "How long ago the newest checkpoint was signed; not there before the first.",
    registers,
    async collect() {
      const newest = await newestCheckpoint();
      if (newest === undefined) this.remove();
      else this.set(Math.max(0, Date.now() - Date.parse(newest.signed_at)) / 1_000);
    },
  });
  new Gauge({
    name: "bucketlog_ready",
    help: "1 when the service takes requests, else 0, as /readyz says.",
    registers,
    async collect() {
      this.set((await health()).ready && !isDraining() ? 1 : 0);
    },
  });
  new Gauge({
    name: "bucketlog_check",
    help: "1 when a check of /readyz passes, else 0.",
    labelNames: ["check"],
    registers,
    async collect() {
      for (const { name, status } of (await health()).checks) {
        this.set({ check: name }, status === "pass" ? 1 : 0);
      }
    },
  });
  const integrity = (name: string, help: string, read: (found: LogIntegrity) => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read(store.integrity));
      },
    });
  integrity(
    "bucketlog_damaged_blobs",
    "How often bytes of blobs were found not to be what they were, since the start.",
    ({ damagedBlobs }) => damagedBlobs,
  );
  integrity(
    "bucketlog_scrub_bytes",
    "How much was gone through in the background since the start.",
    ({ scrub }) => scrub?.bytes ?? 0,
  );
  integrity(
    "bucketlog_scrub_rounds",
    "How often all that is stored was gone through.",
    ({ scrub }) => scrub?.rounds ?? 0,
  );
  integrity(
    "bucketlog_scrub_faults",
    "What going through it found since the start.",
    ({ scrub }) => scrub?.faults ?? 0,
  );
  new Gauge({
    name: "bucketlog_storage_bytes",
    help: "What the store takes of its disk, by part: the database, its WAL, and the bytes of blobs.",
    labelNames: ["part"],
    registers,
    async collect() {
      const { sizes } = await health();
      if (sizes === undefined) return;
      this.set({ part: "database" }, sizes.databaseBytes);
      this.set({ part: "wal" }, sizes.walBytes);
      if (sizes.blobBytes !== undefined) this.set({ part: "blobs" }, sizes.blobBytes);
    },
  });
  new Gauge({
    name: "bucketlog_disk_free_bytes",
    help: "What is free on the disk of the store; 0 where it is in memory.",
    registers,
    async collect() {
      this.set((await health()).sizes?.freeBytes ?? 0);
    },
  });
  if (backups !== undefined) {
    new Gauge({
      name: "bucketlog_backup_timestamp_seconds",
      help: "When the newest backup of the schedule was taken, as a Unix time; 0 before the first.",
      registers,
      collect() {
        this.set((backups.newest ?? 0) / 1_000);
      },
    });
  }
  return {
    countFailedLogin: (why) => failedLogins.inc({ why }),
    countDelivery: (result) => deliveries.inc({ result }),
    contentType: registry.contentType,
    text: () => registry.metrics(),
    observe: ({ method, route, status, seconds }) => {
      const known = knownMethods.includes(method) ? method : "_OTHER";
      const key = `${known} ${route} ${status}`;
      const child = durations.get(key) ?? duration.labels(known, route, String(status));
      durations.set(key, child);
      child.observe(seconds);
    },
  };
}

/** Several gauges tell of one answer, and all are collected at once. */
function askedOnce<T>(ask: () => Promise<T>): () => Promise<T> {
  let asked: Promise<T> | undefined;
  return () => {
    asked ??= ask().finally(() => {
      asked = undefined;
    });
    return asked;
  };
}

async function checkpointIfAny({
  proofs,
}: Pick<EmbeddedStore, "proofs">): Promise<CheckpointAnswer | undefined> {
  try {
    return await proofs.checkpoint();
  } catch (error) {
    if (isBucketsError(error) && error.code === "NOT_FOUND") return undefined;
    throw error;
  }
}
