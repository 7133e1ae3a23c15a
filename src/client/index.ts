/**
 * The client alone, as `bucketlog/client`: for browsers, edge functions, and programs that are not
 * to load an engine.
 */

export type * from "../api/names.js";
export type { AuditEvent } from "../domain/audit-event.js";
export type { BatchResponse } from "../domain/batch/response.js";
export type { BlameEntry, BlameResponse } from "../domain/blame.js";
export { adapterTypes, fieldTypes, storageClasses } from "../domain/bucket/choices.js";
export type { BucketResponse } from "../domain/bucket/response.js";
export type { Change } from "../domain/change.js";
export { diff } from "../domain/changes.js";
export type { ConnectionResponse } from "../domain/connection/response.js";
export { csvLine } from "../domain/csv.js";
export type { DeliveryResponse } from "../domain/delivery/response.js";
export { type DiffFormat, formatDiff } from "../domain/diff-formats.js";
export { BucketsError, type ErrorCode, isBucketsError } from "../domain/errors.js";
export type { HistoryEntry } from "../domain/history-entry.js";
export {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  jsonEqual,
  toJson,
} from "../domain/json.js";
export type { NamespaceResponse } from "../domain/namespace/response.js";
export type { ObjectResponse } from "../domain/object/response.js";
export type { PatchMediaType } from "../domain/patch-media-type.js";
export { formatPointer, parsePointer, valueAt } from "../domain/pointer.js";
export type { TaskResponse } from "../domain/task.js";
export type { UploadResponse } from "../domain/upload/response.js";
export { type ConnectOptions, connectBuckets } from "./connect.js";
