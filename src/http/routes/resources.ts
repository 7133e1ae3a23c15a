/** The routes of all kinds of resources: those whose writes a transaction can hold are among them. */
import type { Route } from "../route.js";
import { batchRoutes, claimRoute } from "./batches.js";
import { bucketRoutes } from "./buckets.js";
import { connectionRoutes } from "./connections.js";
import { sourceAdapterRoutes } from "./ingest.js";
import { objectRoutes } from "./objects.js";
import { bucketPast } from "./past.js";
import { syncRoutes } from "./syncs.js";
import { downloadRoute, receiveRoute, uploadRoutes } from "./uploads.js";

export const resourceRoutes: readonly Route[] = [
  ...bucketRoutes,
  ...bucketPast,
  ...objectRoutes,
  ...batchRoutes,
  claimRoute,
  ...uploadRoutes,
  receiveRoute,
  downloadRoute,
  ...syncRoutes,
  ...sourceAdapterRoutes,
  ...connectionRoutes,
];
