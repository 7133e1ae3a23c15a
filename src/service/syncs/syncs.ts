/** The syncs of one bucket for one caller: every write is an operation, every read a view. */
import type {
  ListQuery,
  ListSyncsResponse,
  SyncDeleted,
  SyncOperation,
  SyncRead,
  Syncs,
  SyncTriggered,
  SyncWritten,
  ServedWriteOptions as WriteOptions,
} from "../../api/index.js";
import { assertAsked } from "../../api/questions.js";
import { invariant } from "../../domain/errors.js";
import { renderSync } from "../../domain/sync/response.js";
import type { InBucket } from "../parts.js";
import { ownQuery } from "../read/lists.js";
import { listMembers } from "../read/member-lists.js";
import { MemberReads } from "../read/member-reads.js";
import { findOwnerAt } from "../read/owners.js";

export class SyncService extends MemberReads<"sync"> implements Syncs<WriteOptions> {
  readonly #service: InBucket;

  constructor(service: InBucket) {
    super(service.parts, "sync", service);
    this.#service = service;
  }

  create(body: unknown, options: WriteOptions = {}): Promise<SyncWritten> {
    const { bucket } = this.#service;
    return this.#write({ type: "create_sync", bucket, body }, options);
  }

  patch(sync: string, patch: unknown, options: WriteOptions = {}): Promise<SyncWritten> {
    return this.#write({ ...this.#named(sync), type: "patch_sync", patch }, options);
  }

  pause(sync: string, options: WriteOptions = {}): Promise<SyncWritten> {
    return this.#write({ ...this.#named(sync), type: "pause_sync" }, options);
  }

  resume(sync: string, options: WriteOptions = {}): Promise<SyncWritten> {
    return this.#write({ ...this.#named(sync), type: "resume_sync" }, options);
  }

  async trigger(sync: string, options: WriteOptions = {}): Promise<SyncTriggered> {
    const operation = { ...options, ...this.#named(sync), type: "trigger_sync" } as const;
    const written = await this.#service.write(operation, options);
    invariant("task" in written, "a trigger was not answered with its task");
    const { task, ...triggered } = written;
    invariant("sync_config_id" in task, "a trigger was answered with another task");
    return { ...triggered, task };
  }

  async delete(sync: string, options: WriteOptions = {}): Promise<SyncDeleted> {
    const operation = { ...options, ...this.#named(sync), type: "delete_sync" } as const;
    const written = await this.#service.write(operation, options);
    invariant("deletion" in written, "a deletion was not answered as one");
    return written;
  }

  #named(sync: string) {
    return { bucket: this.#service.bucket, sync };
  }

  async #write(operation: SyncOperation, options: WriteOptions): Promise<SyncWritten> {
    const written = await this.#service.write({ ...options, ...operation }, options);
    invariant("sync" in written, `${operation.type} was not answered with its sync`);
    return written;
  }

  async get(sync: string, options: { asOf?: string | undefined } = {}): Promise<SyncRead> {
    assertAsked("get", options);
    const { state, past } = await this.read(sync, options.asOf);
    const { version, position } = state;
    const answer = { sync: renderSync(state), version, position, tag: String(version) };
    return { ...answer, ...(past !== undefined && { past }) };
  }

  async list(given: ListQuery = {}): Promise<ListSyncsResponse> {
    const query = ownQuery(given);
    const { parts, namespace } = this.#service;
    const { bucket_id: bucketId } = await findOwnerAt(parts, this.#service, query.asOf);
    const asked = { kind: "sync", namespace, bucketId } as const;
    const { states, totalCount, pagination, asOf } = await listMembers(parts, asked, query);
    return {
      results: states.map(renderSync),
      total: totalCount,
      total_count: totalCount,
      pagination,
      ...(asOf !== undefined && { as_of: asOf }),
    };
  }
}
