/** Every view of the page, by its address below `/ui/`. The first that fits is shown. */
import { later } from "../route/later.js";
import { type View, view } from "../route/views.js";
import { BucketPage } from "./bucket/bucket-page.js";
import { HistoryPage } from "./bucket/history-page.js";
import { HomePage } from "./home/home-page.js";

/** Those that most readers open first are there at once; the others are loaded when they are shown. */
export const views: readonly View[] = [
  view("{namespace}/buckets", HomePage),
  view("{namespace}/buckets/{bucket}", BucketPage),
  view("{namespace}/buckets/{bucket}/history", HistoryPage),
  view(
    "{namespace}/buckets/{bucket}/compare",
    later(async () => (await import("./bucket/compare-page.js")).ComparePage),
  ),
  view(
    "{namespace}/buckets/{bucket}/objects",
    later(async () => (await import("./bucket/tab-pages.js")).ObjectsPage),
  ),
  view(
    "{namespace}/buckets/{bucket}/objects/{object}",
    later(async () => (await import("./object/object-page.js")).ObjectPage),
  ),
  view(
    "{namespace}/buckets/{bucket}/batches",
    later(async () => (await import("./bucket/tab-pages.js")).BatchesPage),
  ),
  view(
    "{namespace}/buckets/{bucket}/batches/{batch}",
    later(async () => (await import("./batch/batch-page.js")).BatchPage),
  ),
  view(
    "{namespace}/buckets/{bucket}/uploads",
    later(async () => (await import("./bucket/tab-pages.js")).UploadsPage),
  ),
  view(
    "{namespace}/buckets/{bucket}/uploads/{upload}",
    later(async () => (await import("./upload/upload-page.js")).UploadPage),
  ),
  view(
    "{namespace}/buckets/{bucket}/deliveries",
    later(async () => (await import("./bucket/tab-pages.js")).DeliveriesPage),
  ),
  view(
    "{namespace}/buckets/{bucket}/deliveries/{delivery}",
    later(async () => (await import("./delivery/delivery-page.js")).DeliveryPage),
  ),
  view(
    "{namespace}/activity",
    later(async () => (await import("./activity/activity-page.js")).ActivityPage),
  ),
  view(
    "{namespace}/audit",
    later(async () => (await import("./audit/audit-page.js")).AuditPage),
  ),
  view(
    "{namespace}/tasks",
    later(async () => (await import("./tasks/tasks-page.js")).TasksPage),
  ),
  view(
    "{namespace}/tasks/{task}",
    later(async () => (await import("./tasks/task-page.js")).TaskPage),
  ),
  view(
    "{namespace}/connections",
    later(async () => (await import("./connections/connections-page.js")).ConnectionsPage),
  ),
  view(
    "{namespace}/connections/{connection}",
    later(async () => (await import("./connections/connection-page.js")).ConnectionPage),
  ),
  view(
    "{namespace}/namespaces",
    later(async () => (await import("./namespaces/namespaces-page.js")).NamespacesPage),
  ),
  view(
    "{namespace}/tokens",
    later(async () => (await import("./tokens/tokens-page.js")).TokensPage),
  ),
  view(
    "{namespace}/health",
    later(async () => (await import("./health/health-page.js")).HealthPage),
  ),
];
