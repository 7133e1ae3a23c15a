/** Connections of one namespace or of several, for one caller. */

import type {
  ConnectionDeleted,
  ConnectionOperation,
  ConnectionRead,
  ConnectionResult,
  Connections,
  ConnectionWritten,
  ListConnectionsResponse,
  ListQuery,
  ServedOperationOptions,
  ServedOrganization,
  ServedWriteOptions as WriteOptions,
} from "../../api/index.js";
import { assertText } from "../../api/options.js";
import { renderConnection } from "../../domain/connection/render.js";
import {
  CreateConnectionRequest,
  PatchConnectionRequest,
} from "../../domain/connection/requests.js";
import { connectionSecrets } from "../../domain/connection/secrets.js";
import { invariant } from "../../domain/errors.js";
import { checkFetchUrl } from "../../domain/ingest/ssrf.js";
import { type JsonObject, ownValue, toJson } from "../../domain/json.js";
import { hasNamespace } from "../../domain/namespace/within.js";
import { organizationNotFound } from "../../domain/not-found.js";
import { checkStrays } from "../../domain/request-fields.js";
import { stateOfKind } from "../../domain/resource.js";
import { requireObject } from "../../domain/schemas.js";
import { type SealedFields, sealFields } from "../keys/seal-fields.js";
import type { OfOrganization, ServiceParts } from "../parts.js";
import { ownQuery } from "../read/lists.js";
import { type Checked, type Done, preconditionOf } from "../write/writing.js";
import { writtenOf } from "../write/written.js";
import { listConnections } from "./lists.js";

interface ConnectionParts extends Pick<OfOrganization, "parts" | "within"> {
  readonly write: ServedOrganization["write"];
}

export class ConnectionService implements Connections<WriteOptions> {
  readonly #service: ConnectionParts;

  constructor(service: ConnectionParts) {
    this.#service = service;
  }

  create(body: unknown, options: WriteOptions = {}): Promise<ConnectionWritten> {
    return this.#write({ type: "create_connection", body }, options);
  }

  patch(
    connection: string,
    patch: unknown,
    options: WriteOptions = {},
  ): Promise<ConnectionWritten> {
    return this.#write({ type: "patch_connection", connection, patch }, options);
  }

  async delete(connection: string, options: WriteOptions = {}): Promise<ConnectionDeleted> {
    const operation = { ...options, type: "delete_connection", connection } as const;
    const written = await this.#service.write(operation, options);
    invariant("disconnection" in written, "a deletion was not answered with what was deleted");
    return written;
  }

  async #write(operation: ConnectionOperation, options: WriteOptions): Promise<ConnectionWritten> {
    const written = await this.#service.write({ ...options, ...operation }, options);
    invariant("connection" in written, `${operation.type} was not answered with its connection`);
    return written;
  }

  async get(connection: string): Promise<ConnectionRead> {
    assertText(connection, "connection");
    const { parts, within } = this.#service;
    const state = await parts.view.state(connection);
    const isThere = state?.kind === "connection" && hasNamespace(within, state.namespace);
    if (!isThere || state.deleted !== undefined) {
      throw organizationNotFound("connection", connection, within);
    }
    const { version, position } = state;
    return { connection: renderConnection(state), version, position, tag: String(version) };
  }

  async list(given: ListQuery = {}): Promise<ListConnectionsResponse> {
    const { parts, within } = this.#service;
    return await listConnections(parts, within, ownQuery(given));
  }
}

export function checkConnectionOperation(
  parts: ServiceParts,
  operation: ConnectionOperation & ServedOperationOptions,
): Checked<ConnectionResult> {
  const how = { reason: operation.reason, precondition: preconditionOf(operation) };
  const isStrict = operation.strict === true;
  switch (operation.type) {
    case "create_connection": {
      const { type } = operation;
      const body = requireObject(toJson(operation.body ?? {}));
      const { fields, ...brought } = read(parts, body, CreateConnectionRequest);
      const ignored = [
        ...checkStrays(body, CreateConnectionRequest, isStrict),
        ...Object.keys(body).filter((name) => name === "test_before_save"),
      ];
      const target = { kind: "new", id: parts.newId("conn") } as const;
      return {
        ...how,
        call: [type, body],
        command: prepared(target, { type, fields, ...brought }),
        render: async (done) => answerConnection(done, ignored),
      };
    }
    case "patch_connection": {
      const { type, connection: id } = operation;
      const body = requireObject(toJson(operation.patch ?? {}));
      const { fields, ...brought } = read(parts, body, PatchConnectionRequest);
      const ignored = checkStrays(body, PatchConnectionRequest, isStrict);
      const target = { kind: "unowned", id } as const;
      return {
        ...how,
        call: [type, id, body],
        command: prepared(target, { type, fields, ...brought }),
        render: async (done) => answerConnection(done, ignored),
      };
    }
    case "delete_connection": {
      const { type, connection: id } = operation;
      const target = { kind: "unowned", id } as const;
      return {
        ...how,
        call: [type, id],
        command: { target, command: { type } },
        render: async (done) => ({ ...writtenOf(done, []), disconnection: disconnectionOf(id) }),
      };
    }
  }
}

interface Brought extends SealedFields {
  readonly type: "create_connection" | "patch_connection";
}

function prepared(
  target: { readonly kind: "new" | "unowned"; readonly id: string },
  { type, fields, secrets }: Brought,
) {
  const sealed = secrets.map(({ reference }) => reference);
  return { target, command: { type, fields, sealed }, secrets } as const;
}

/** The fields that the request knows, without their secrets. */
function read(
  parts: ServiceParts,
  body: JsonObject,
  schema: typeof CreateConnectionRequest | typeof PatchConnectionRequest,
): SealedFields {
  const sealed = sealFields(parts, body, schema, connectionSecrets);
  const url = ownValue(body, "api_base_url");
  if (typeof url === "string") {
    checkFetchUrl(url, ["body", "api_base_url"], parts.fetchPolicy);
  }
  return sealed;
}

function disconnectionOf(id: string): ConnectionDeleted["disconnection"] {
  const message = `The connection ${id} was deleted, and its credentials for good.`;
  return { message, connection_id: id };
}

function answerConnection(done: Done, ignoredFields: readonly string[]): ConnectionWritten {
  const connection = renderConnection(stateOfKind("connection", done.state));
  return { ...writtenOf(done, ignoredFields), connection };
}
