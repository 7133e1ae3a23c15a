/** What belongs to the organisation, whatever namespace it is recorded in. */
import type { Audit, ReadAuditSettings } from "./audit.js";
import type { Connections } from "./connections.js";
import type { OperationResult, ServedOperation } from "./namespace.js";
import type { Tasks } from "./tasks.js";
import type { ServedCommitOptions, ServedWriteOptions, WriteOptions } from "./writes.js";

/**
 * Connections, tasks and the audit log of every namespace that is open to the caller. A connection
 * that is made here is recorded in the namespace `default`.
 */
export interface Organization<Options extends WriteOptions = WriteOptions, Sent = never> {
  readonly connections: Connections<Options, Sent>;
  readonly tasks: Tasks<Sent>;
  readonly audit: Audit;
  readonly auditSettings: ReadAuditSettings<Sent>;
}

/** The same in this process. */
export interface ServedOrganization<Sent = unknown> extends Organization<ServedWriteOptions, Sent> {
  /**
   * Carries out one operation: on a connection in the namespace that it is recorded in, any other in
   * the namespace `default`.
   */
  write(operation: ServedOperation<Sent>, options?: ServedCommitOptions): Promise<OperationResult>;
}
