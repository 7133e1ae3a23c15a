/** The connections of one namespace for one caller. */
import { z } from "zod";
import { requireObject } from "../domain/bucket/patch.js";
import { checkFields, strayFields } from "../domain/bucket/requests.js";
import { mapSecrets, secretMask } from "../domain/bucket/secrets.js";
import { CreateConnectionRequest, PatchConnectionRequest } from "../domain/connection/requests.js";
import { renderConnection } from "../domain/connection/response.js";
import { credentialsAt } from "../domain/connection/secrets.js";
import { invariant } from "../domain/errors.js";
import { shownChanges } from "../domain/history.js";
import { checkFetchUrl } from "../domain/ingest/ssrf.js";
import { isJsonObject, type JsonObject, ownValue, toJson } from "../domain/json.js";
import { limits } from "../domain/limits.js";
import { connectionNotFound } from "../domain/not-found.js";
import { stateOfKind } from "../domain/resource.js";
import { parseBody, parseQuery } from "../domain/schemas.js";
import type { SealedSecret } from "../eventstore/store.js";
import type {
  ConnectionListQuery,
  ConnectionOperation,
  ConnectionRead,
  Connections,
  ConnectionWritten,
  ListConnectionsResponse,
  ServedNamespace,
  ServedOperationOptions,
  ServedWriteOptions as WriteOptions,
} from "./interface.js";
import { paginate } from "./pagination.js";
import type { ServiceParts } from "./parts.js";
import { type Checked, checkReason, type Done, preconditionOf } from "./writing.js";

interface ConnectionServiceParts {
  readonly parts: ServiceParts;
  readonly namespace: string;
  readonly write: ServedNamespace["write"];
}

const ListRequest = z.object({
  limit: z.number().int().min(1).max(limits.pageSizeMax).default(limits.listPageSizeDefault),
  offset: z.number().int().min(0).default(0),
});

export class ConnectionService implements Connections<WriteOptions> {
  readonly #service: ConnectionServiceParts;

  constructor(service: ConnectionServiceParts) {
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

  delete(connection: string, options: WriteOptions = {}): Promise<ConnectionWritten> {
    return this.#write({ type: "delete_connection", connection }, options);
  }

  async #write(operation: ConnectionOperation, options: WriteOptions): Promise<ConnectionWritten> {
    const written = await this.#service.write({ ...options, ...operation }, options);
    invariant("connection" in written, `${operation.type} was not answered with its connection`);
    return written;
  }

  async get(connection: string): Promise<ConnectionRead> {
    const { parts, namespace } = this.#service;
    const state = await parts.view.state(connection);
    const isThere = state?.kind === "connection" && state.namespace === namespace;
    if (!isThere || state.deleted !== undefined) throw connectionNotFound(connection, namespace);
    const { version, position } = state;
    return { connection: renderConnection(state), version, position, tag: String(version) };
  }

  async list(query: ConnectionListQuery = {}): Promise<ListConnectionsResponse> {
    const { parts, namespace } = this.#service;
    const { limit, offset } = parseQuery(ListRequest, query);
    const page = await parts.view.connections({ namespace, limit, offset });
    const hasMore = offset + page.connections.length < page.totalCount;
    return {
      results: page.connections.map(renderConnection),
      total_count: page.totalCount,
      pagination: paginate({ total: page.totalCount, limit, offset, hasMore }),
    };
  }
}

/** @throws BAD_REQUEST for what is wrong with the options, before VALIDATION_FAILED. */
export function checkConnectionOperation(
  parts: ServiceParts,
  operation: ConnectionOperation & ServedOperationOptions,
): Checked<ConnectionWritten> {
  checkReason(operation.reason);
  const how = { reason: operation.reason, precondition: preconditionOf(operation) };
  const isStrict = operation.strict === true;
  switch (operation.type) {
    case "create_connection": {
      const { type } = operation;
      const body = requireObject(toJson(operation.body ?? {}));
      const { fields, ...brought } = read(parts, body, CreateConnectionRequest);
      const ignored = checkFields(strayFields(body, CreateConnectionRequest), isStrict);
      const target = { kind: "new", id: parts.newId("conn") } as const;
      return {
        ...how,
        call: [type, body],
        prepare: async () => prepared(target, { type, fields, ...brought }),
        render: async (done) => answerConnection(done, ignored),
      };
    }
    case "patch_connection": {
      const { type, connection: id } = operation;
      const body = requireObject(toJson(operation.patch ?? {}));
      const { fields, ...brought } = read(parts, body, PatchConnectionRequest);
      const ignored = checkFields(strayFields(body, PatchConnectionRequest), isStrict);
      const target = { kind: "connection", id } as const;
      return {
        ...how,
        call: [type, id, body],
        prepare: async () => prepared(target, { type, fields, ...brought }),
        render: async (done) => answerConnection(done, ignored),
      };
    }
    case "delete_connection": {
      const { type, connection: id } = operation;
      const target = { kind: "connection", id } as const;
      return {
        ...how,
        call: [type, id],
        prepare: async () => ({ target, command: { type }, secrets: [] }),
        render: async (done) => answerConnection(done, []),
      };
    }
  }
}

interface Brought {
  readonly type: "create_connection" | "patch_connection";
  readonly fields: JsonObject;
  readonly secrets: readonly SealedSecret[];
}

function prepared(
  target: { readonly kind: "new" | "connection"; readonly id: string },
  { type, fields, secrets }: Brought,
) {
  const sealed = secrets.map(({ reference }) => reference);
  return { target, command: { type, fields, sealed }, secrets } as const;
}

/** The fields that the request knows, without their secrets. */
function read(
  { vault, newId, fetchPolicy }: ServiceParts,
  body: JsonObject,
  schema: typeof CreateConnectionRequest | typeof PatchConnectionRequest,
): Pick<Brought, "fields" | "secrets"> {
  parseBody(schema, body);
  const url = ownValue(body, "api_base_url");
  if (typeof url === "string") checkFetchUrl(url, ["body", "api_base_url"], fetchPolicy);
  const known = Object.entries(body).filter(([name]) => Object.hasOwn(schema.shape, name));
  const secrets: SealedSecret[] = [];
  const fields = mapSecrets(Object.fromEntries(known), credentialsAt, (leaf) => {
    if (leaf === secretMask) return leaf;
    const secret = vault.seal(newId("sec"), leaf);
    secrets.push(secret);
    return secret.reference;
  });
  return { fields: isJsonObject(fields) ? fields : {}, secrets };
}

function answerConnection(
  { state: after, recorded, replayed, dryRun }: Done,
  ignoredFields: readonly string[],
): ConnectionWritten {
  const state = stateOfKind("connection", after);
  return {
    connection: renderConnection(state),
    version: state.version,
    position: state.position,
    tag: String(state.version),
    changes: shownChanges(recorded),
    ignoredFields,
    replayed,
    dryRun,
  };
}
