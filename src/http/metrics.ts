/** What the operator's Prometheus reads. Labels are templates and names from closed sets, never ids. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { BucketStore } from "../service/interface.js";

export interface Metrics {
  readonly contentType: string;
  /** The text of every metric, as of now. */
  readonly text: () => Promise<string>;
  readonly observe: (request: ObservedRequest) => void;
  /** @param result what became of a delivery to a source adapter. */
  readonly countDelivery: (result: string) => void;
}

interface ObservedRequest {
  readonly method: string;
  /** The template of the route. */
  readonly route: string;
  readonly status: number;
  readonly seconds: number;
}

const knownMethods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/** A registry of its own, so that two apps in one process do not count for each other. */
export function createMetrics(store: BucketStore, isDraining: () => boolean): Metrics {
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
  const deliveries = new Counter({
    name: "bucketlog_deliveries_total",
    help: "Deliveries to source adapters, by what became of them.",
    labelNames: ["result"],
    registers,
  });
  new Gauge({
    name: "bucketlog_log_position",
    help: "The position of the newest event of the log.",
    registers,
    async collect() {
      this.set((await store.head()).position);
    },
  });
  new Gauge({
    name: "bucketlog_ready",
    help: "1 when the service takes requests, else 0, as /readyz says.",
    registers,
    async collect() {
      this.set((await store.health()).ready && !isDraining() ? 1 : 0);
    },
  });
  return {
    countDelivery: (result) => deliveries.inc({ result }),
    contentType: registry.contentType,
    text: () => registry.metrics(),
    observe: ({ method, route, status, seconds }) => {
      const known = knownMethods.includes(method) ? method : "_OTHER";
      duration.observe({ method: known, route, status: String(status) }, seconds);
    },
  };
}
