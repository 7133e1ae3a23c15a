/** The log of one namespace in the audit shape of the hosted API, over HTTP. */
import { AuditEvent } from "../domain/audit.js";
import { type Audit, AuditLogResponse, type AuditQuery } from "../service/interface.js";
import { type Place, placeHeaders, segment } from "./request.js";
import type { Transport } from "./transport.js";

const base = "/v1/organizations/audit/logs";

export class RemoteAudit implements Audit {
  readonly #transport: Transport;
  readonly #place: Place;

  constructor(transport: Transport, place: Place) {
    this.#transport = transport;
    this.#place = place;
  }

  async list(query: AuditQuery = {}): Promise<AuditLogResponse> {
    const { resourceType, resourceId, actorId, ...rest } = query;
    const asked = {
      resource_type: resourceType,
      resource_id: resourceId,
      actor_id: actorId,
      ...rest,
    };
    return (await this.#transport.json(this.#reading(base, asked), AuditLogResponse)).body;
  }

  async get(auditId: string): Promise<AuditEvent> {
    const call = this.#reading(`${base}/${segment(auditId)}`, {});
    return (await this.#transport.json(call, AuditEvent)).body;
  }

  #reading(path: string, query: Readonly<Record<string, string | number | undefined>>) {
    const headers = placeHeaders(this.#place);
    return { kind: "read", method: "GET", path, query, headers } as const;
  }
}
