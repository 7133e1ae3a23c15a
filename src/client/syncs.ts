/** The syncs of one bucket, over HTTP: each method is one request. */
import type {
  ListQuery,
  ListSyncsResponse,
  SyncDeleted,
  SyncOperation,
  SyncRead,
  Syncs,
  SyncTriggered,
  SyncWritten,
  WriteOptions,
} from "../api/index.js";
import { assertAsked } from "../api/questions.js";
import { toJson } from "../domain/json.js";
import type { SyncResponse } from "../domain/sync/response.js";
import type { SyncTask } from "../domain/task.js";
import { RemotePast } from "./past.js";
import { segment } from "./place.js";
import type { RemoteOperations, Requests, Write } from "./requests.js";
import { answerWith, Deletion, writtenWith } from "./shapes.js";

const Sync = answerWith<SyncResponse>({ sync_config_id: "string" });
const Task = answerWith<SyncTask>({ task_id: "string", sync_config_id: "string" });
const List = answerWith<ListSyncsResponse>({ results: "list", pagination: "object" });
const Written = writtenWith(Sync, (written, sync): SyncWritten => ({ ...written, sync }));
const Triggered = writtenWith(Task, (written, task): SyncTriggered => ({ ...written, task }));
const Deleted = writtenWith(
  Deletion,
  (written, deletion): SyncDeleted => ({ ...written, deletion }),
);

export class RemoteSyncs extends RemotePast implements Syncs {
  readonly #requests: Requests;
  readonly #bucket: string;

  constructor(requests: Requests, bucket: string) {
    super(requests, (sync) => pathOf(bucket, sync));
    this.#requests = requests;
    this.#bucket = bucket;
  }

  create(body: unknown, options: WriteOptions = {}): Promise<SyncWritten> {
    return this.#write({ type: "create_sync", bucket: this.#bucket, body }, options);
  }

  patch(sync: string, patch: unknown, options: WriteOptions = {}): Promise<SyncWritten> {
    return this.#write({ type: "patch_sync", bucket: this.#bucket, sync, patch }, options);
  }

  pause(sync: string, options: WriteOptions = {}): Promise<SyncWritten> {
    return this.#write({ type: "pause_sync", bucket: this.#bucket, sync }, options);
  }

  resume(sync: string, options: WriteOptions = {}): Promise<SyncWritten> {
    return this.#write({ type: "resume_sync", bucket: this.#bucket, sync }, options);
  }

  async trigger(sync: string, options: WriteOptions = {}): Promise<SyncTriggered> {
    const operation = { type: "trigger_sync", bucket: this.#bucket, sync } as const;
    return await this.#requests.write(toRequest(operation), options, Triggered);
  }

  async delete(sync: string, options: WriteOptions = {}): Promise<SyncDeleted> {
    const operation = { type: "delete_sync", bucket: this.#bucket, sync } as const;
    return await this.#requests.write(toRequest(operation), options, Deleted);
  }

  async #write(operation: SyncOperation, options: WriteOptions): Promise<SyncWritten> {
    return await this.#requests.write(toRequest(operation), options, Written);
  }

  async get(sync: string, options: { readonly asOf?: string | undefined } = {}): Promise<SyncRead> {
    assertAsked("get", options);
    const path = pathOf(this.#bucket, sync);
    const { body, place } = await this.#requests.read(path, { as_of: options.asOf }, Sync);
    return { sync: body, ...place };
  }

  async list(query: ListQuery = {}): Promise<ListSyncsResponse> {
    return await this.#requests.list(`${baseOf(this.#bucket)}/list`, query, List);
  }
}

function baseOf(bucket: string): string {
  return `/v1/buckets/${segment(bucket)}/syncs`;
}

function pathOf(bucket: string, sync: string): string {
  return `${baseOf(bucket)}/${segment(sync)}`;
}

function toRequest(operation: SyncOperation): Write {
  if (operation.type === "create_sync") {
    return { method: "POST", path: baseOf(operation.bucket), json: toJson(operation.body) };
  }
  const path = pathOf(operation.bucket, operation.sync);
  switch (operation.type) {
    case "patch_sync":
      return { method: "PATCH", path, json: toJson(operation.patch) };
    case "pause_sync":
      return { method: "POST", path: `${path}/pause`, json: {} };
    case "resume_sync":
      return { method: "POST", path: `${path}/resume`, json: {} };
    case "trigger_sync":
      return { method: "POST", path: `${path}/trigger`, json: {} };
    case "delete_sync":
      return { method: "DELETE", path };
  }
}

export const syncOperations: RemoteOperations<SyncOperation> = {
  request: toRequest,
  answer: ({ type }) => {
    switch (type) {
      case "trigger_sync":
        return Triggered;
      case "delete_sync":
        return Deleted;
      case "create_sync":
      case "patch_sync":
      case "pause_sync":
      case "resume_sync":
        return Written;
    }
  },
};
