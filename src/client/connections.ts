/** The connections of one namespace, over HTTP: each method is one request. */
import type {
  ConnectionDeleted,
  ConnectionDeletion,
  ConnectionOperation,
  ConnectionRead,
  Connections,
  ConnectionWritten,
  ListConnectionsResponse,
  ListQuery,
  WriteOptions,
} from "../api/index.js";
import type { ConnectionResponse } from "../domain/connection/response.js";
import { toJson } from "../domain/json.js";
import { segment } from "./place.js";
import type { RemoteOperations, Requests, Write } from "./requests.js";
import { answerWith, writtenWith } from "./shapes.js";

const base = "/v1/organizations/connections";

const Connection = answerWith<ConnectionResponse>({ connection_id: "string", name: "string" });
const Deletion = answerWith<ConnectionDeletion>({ connection_id: "string" });
const List = answerWith<ListConnectionsResponse>({ results: "list", pagination: "object" });
const Written = writtenWith(
  Connection,
  (written, connection): ConnectionWritten => ({ ...written, connection }),
);
const Deleted = writtenWith(
  Deletion,
  (written, disconnection): ConnectionDeleted => ({ ...written, disconnection }),
);

export class RemoteConnections implements Connections {
  readonly #requests: Requests;

  constructor(requests: Requests) {
    this.#requests = requests;
  }

  create(body: unknown, options: WriteOptions = {}): Promise<ConnectionWritten> {
    return this.#write({ type: "create_connection", body }, options);
  }

  async get(connection: string): Promise<ConnectionRead> {
    const path = pathOf(connection);
    const { body, place } = await this.#requests.read(path, {}, Connection);
    const { version, position, tag } = place;
    return { connection: body, version, position, tag };
  }

  async list(query: ListQuery = {}): Promise<ListConnectionsResponse> {
    return await this.#requests.list(`${base}/list`, query, List);
  }

  patch(
    connection: string,
    patch: unknown,
    options: WriteOptions = {},
  ): Promise<ConnectionWritten> {
    return this.#write({ type: "patch_connection", connection, patch }, options);
  }

  async delete(connection: string, options: WriteOptions = {}): Promise<ConnectionDeleted> {
    const operation = { type: "delete_connection", connection } as const;
    return await this.#requests.write(toRequest(operation), options, Deleted);
  }

  async #write(operation: ConnectionOperation, options: WriteOptions): Promise<ConnectionWritten> {
    return await this.#requests.write(toRequest(operation), options, Written);
  }
}

function pathOf(connection: string): string {
  return `${base}/${segment(connection)}`;
}

function toRequest(operation: ConnectionOperation): Write {
  switch (operation.type) {
    case "create_connection":
      return { method: "POST", path: base, json: toJson(operation.body) };
    case "patch_connection": {
      const path = pathOf(operation.connection);
      return { method: "PATCH", path, json: toJson(operation.patch) };
    }
    case "delete_connection":
      return { method: "DELETE", path: pathOf(operation.connection) };
  }
}

export const connectionOperations: RemoteOperations<ConnectionOperation> = {
  request: toRequest,
  answer: ({ type }) => (type === "delete_connection" ? Deleted : Written),
};
