/**
 * The one interface that every face uses: the HTTP routes, the command line, and programs that
 * embed the store. Documents are snake_case JSON as on the wire; names and options are camelCase.
 */
export * from "./interface/audit.js";
export * from "./interface/batches.js";
export * from "./interface/buckets.js";
export * from "./interface/connections.js";
export * from "./interface/feed.js";
export * from "./interface/ingest.js";
export * from "./interface/lists.js";
export * from "./interface/namespace.js";
export * from "./interface/objects.js";
export * from "./interface/past.js";
export * from "./interface/store.js";
export * from "./interface/tasks.js";
export * from "./interface/tokens.js";
export * from "./interface/uploads.js";
export * from "./interface/writes.js";
