/** The namespaces of a store, over HTTP: each method is one request. */
import type {
  Caller,
  ListNamespacesResponse,
  ListQuery,
  NamespaceDeleted,
  NamespaceRead,
  Namespaces,
  NamespaceWritten,
  WriteOptions,
} from "../api/index.js";
import { CallerFields, readOptions } from "../api/options.js";
import { assertAsked } from "../api/questions.js";
import { toJson } from "../domain/json.js";
import type { NamespaceResponse } from "../domain/namespace/response.js";
import type { NamespaceDeletionTask } from "../domain/task.js";
import { RemotePast } from "./past.js";
import { segment } from "./place.js";
import { Requests } from "./requests.js";
import { answerWith, writtenWith } from "./shapes.js";

const base = "/v1/namespaces";

const Shown = answerWith<NamespaceResponse>({ namespace_name: "string" });
const List = answerWith<ListNamespacesResponse>({ results: "list", pagination: "object" });
const Task = answerWith<NamespaceDeletionTask>({ task_id: "string", namespace_id: "string" });
const Written = writtenWith(
  Shown,
  (written, namespace): NamespaceWritten => ({ ...written, namespace }),
);
const Deleted = writtenWith(Task, (written, task): NamespaceDeleted => ({ ...written, task }));

export class RemoteNamespaces extends RemotePast implements Namespaces {
  readonly #requests: Requests;

  constructor(requests: Requests) {
    super(requests, pathOf);
    this.#requests = requests;
  }

  as(caller: Caller): Namespaces {
    const { transport, place } = this.#requests;
    const { actor = place.actor, requestId } = readOptions(CallerFields, caller);
    return new RemoteNamespaces(new Requests(transport, { ...place, actor, requestId }));
  }

  async create(body: unknown, options: WriteOptions = {}): Promise<NamespaceWritten> {
    const write = { method: "POST", path: base, json: toJson(body) } as const;
    return await this.#requests.write(write, options, Written);
  }

  async get(
    namespace: string,
    options: { readonly asOf?: string | undefined } = {},
  ): Promise<NamespaceRead> {
    assertAsked("get", options);
    const { body, place } = await this.#requests.read(
      pathOf(namespace),
      { as_of: options.asOf },
      Shown,
    );
    return { namespace: body, ...place };
  }

  async list(query: ListQuery = {}): Promise<ListNamespacesResponse> {
    assertAsked("list", query);
    const { search, filters, sort, caseSensitive, limit, offset, cursor, asOf } = query;
    const json = toJson({ search, filters, sort, case_sensitive: caseSensitive });
    const page = { limit, offset, cursor, as_of: asOf };
    return await this.#requests.ask(`${base}/list`, json, List, page);
  }

  async patch(
    namespace: string,
    patch: unknown,
    options: WriteOptions = {},
  ): Promise<NamespaceWritten> {
    const write = { method: "PATCH", path: pathOf(namespace), json: toJson(patch) } as const;
    return await this.#requests.write(write, options, Written);
  }

  async delete(namespace: string, options: WriteOptions = {}): Promise<NamespaceDeleted> {
    const write = { method: "DELETE", path: pathOf(namespace) } as const;
    return await this.#requests.write(write, options, Deleted);
  }
}

function pathOf(namespace: string): string {
  return `${base}/${segment(namespace)}`;
}
