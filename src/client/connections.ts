/** The connections of one namespace, over HTTP: each method is one request. */
import type { z } from "zod";
import { ConnectionResponse } from "../domain/connection/response.js";
import { toJson } from "../domain/json.js";
import {
  type ConnectionListQuery,
  type ConnectionRead,
  type Connections,
  type ConnectionWritten,
  ListConnectionsResponse,
  type WriteOptions,
  WrittenBody,
} from "../service/interface.js";
import { type Place, segment } from "./request.js";
import type { Transport } from "./transport.js";
import { placeOf, reading, type Write, writing, writtenOf } from "./writes.js";

export const connectionsPath = "/v1/organizations/connections";
export const WrittenConnection = WrittenBody.extend({ result: ConnectionResponse });

export class RemoteConnections implements Connections {
  readonly #transport: Transport;
  readonly #place: Place;

  constructor(transport: Transport, place: Place) {
    this.#transport = transport;
    this.#place = place;
  }

  create(body: unknown, options: WriteOptions = {}): Promise<ConnectionWritten> {
    return this.#write({ method: "POST", path: connectionsPath, json: toJson(body) }, options);
  }

  async get(connection: string): Promise<ConnectionRead> {
    const call = reading(this.#place, connectionPath(connection));
    const { body, headers } = await this.#transport.json(call, ConnectionResponse);
    const { version, position, tag } = placeOf(headers);
    return { connection: body, version, position, tag };
  }

  async list(query: ConnectionListQuery = {}): Promise<ListConnectionsResponse> {
    const call = reading(this.#place, connectionsPath, { ...query });
    return (await this.#transport.json(call, ListConnectionsResponse)).body;
  }

  patch(
    connection: string,
    patch: unknown,
    options: WriteOptions = {},
  ): Promise<ConnectionWritten> {
    const path = connectionPath(connection);
    return this.#write({ method: "PATCH", path, json: toJson(patch) }, options);
  }

  delete(connection: string, options: WriteOptions = {}): Promise<ConnectionWritten> {
    return this.#write({ method: "DELETE", path: connectionPath(connection) }, options);
  }

  async #write(write: Write, options: WriteOptions): Promise<ConnectionWritten> {
    const call = writing(this.#place, write, options);
    return connectionWrittenOf((await this.#transport.json(call, WrittenConnection)).body);
  }
}

export function connectionPath(connection: string): string {
  return `${connectionsPath}/${segment(connection)}`;
}

export function connectionWrittenOf(body: z.infer<typeof WrittenConnection>): ConnectionWritten {
  return { ...writtenOf(body), connection: body.result };
}
