/**
 * The one interface that every face uses: the HTTP routes, the command line, and programs that
 * embed the store. Documents are snake_case JSON as on the wire; names and options are camelCase.
 */
export * from "./audit.js";
export * from "./backups.js";
export * from "./batches.js";
export * from "./buckets.js";
export * from "./connections.js";
export * from "./extracts.js";
export * from "./feed.js";
export * from "./imports.js";
export * from "./ingest.js";
export * from "./inputs.js";
export * from "./lists.js";
export * from "./log-files.js";
export * from "./namespace.js";
export * from "./namespaces.js";
export * from "./objects.js";
export * from "./organization.js";
export * from "./past.js";
export * from "./proofs.js";
export * from "./restores.js";
export * from "./statistics.js";
export * from "./store.js";
export * from "./syncs.js";
export * from "./tasks.js";
export * from "./tokens.js";
export * from "./uploads.js";
export * from "./writes.js";
