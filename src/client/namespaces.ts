/** The namespaces of a store, over HTTP: each method is one request. */
import {
  type Caller,
  ListNamespacesResponse,
  type ListQuery,
  type NamespaceDeleted,
  type NamespaceRead,
  type Namespaces,
  type NamespaceWritten,
  type WriteOptions,
  WrittenBody,
} from "../api/index.js";
import { CallerFields, readOptions } from "../api/options.js";
import { toJson } from "../domain/json.js";
import { NamespaceResponse } from "../domain/namespace/response.js";
import { NamespaceDeletionTask } from "../domain/task.js";
import { RemotePast } from "./past.js";
import { segment } from "./place.js";
import { Requests, writtenOf } from "./requests.js";

const base = "/v1/namespaces";

const Written = WrittenBody.extend({ result: NamespaceResponse }).transform(
  (body): NamespaceWritten => ({ ...writtenOf(body), namespace: body.result }),
);
const Deleted = WrittenBody.extend({ result: NamespaceDeletionTask }).transform(
  (body): NamespaceDeleted => ({ ...writtenOf(body), task: body.result }),
);

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
    { asOf }: { readonly asOf?: string | undefined } = {},
  ): Promise<NamespaceRead> {
    const { body, place } = await this.#requests.read(
      pathOf(namespace),
      { as_of: asOf },
      NamespaceResponse,
    );
    return { namespace: body, ...place };
  }

  async list(query: ListQuery = {}): Promise<ListNamespacesResponse> {
    const { search, filters, sort, caseSensitive, limit, offset, cursor, asOf } = query;
    const json = toJson({ search, filters, sort, case_sensitive: caseSensitive });
    const page = { limit, offset, cursor, as_of: asOf };
    return await this.#requests.ask(`${base}/list`, json, ListNamespacesResponse, page);
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
