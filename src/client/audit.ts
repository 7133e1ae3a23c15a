/** The log of one namespace in the audit shape of the hosted API, over HTTP. */

import type {
  Audit,
  AuditLogResponse,
  AuditQuery,
  AuditSettings,
  ReadAuditSettings,
} from "../api/index.js";
import { assertAsked } from "../api/questions.js";
import type { AuditEvent } from "../domain/audit-event.js";
import { toJson } from "../domain/json.js";
import { segment } from "./place.js";
import type { Requests } from "./requests.js";
import { answerWith } from "./shapes.js";

const List = answerWith<AuditLogResponse>({ results: "list", total: "number" });
const Event = answerWith<AuditEvent>({ audit_id: "string", action: "string" });
const Settings = answerWith<AuditSettings>({ read_auditing_enabled: "boolean" });

const base = "/v1/organizations/audit/logs";

export class RemoteAudit implements Audit {
  readonly #requests: Requests;

  constructor(requests: Requests) {
    this.#requests = requests;
  }

  async list(query: AuditQuery = {}): Promise<AuditLogResponse> {
    assertAsked("audit", query);
    const { resourceType, resourceId, actorId, ...rest } = query;
    const asked = {
      resource_type: resourceType,
      resource_id: resourceId,
      actor_id: actorId,
      ...rest,
    };
    return await this.#requests.get(base, asked, List);
  }

  async get(auditId: string): Promise<AuditEvent> {
    return await this.#requests.get(`${base}/${segment(auditId)}`, {}, Event);
  }
}

const settings = "/v1/organizations/audit/settings";

export class RemoteAuditSettings implements ReadAuditSettings {
  readonly #requests: Requests;

  constructor(requests: Requests) {
    this.#requests = requests;
  }

  async get(): Promise<AuditSettings> {
    return await this.#requests.get(settings, {}, Settings);
  }

  async patch(body: unknown): Promise<AuditSettings> {
    const write = { method: "PATCH", path: settings, json: toJson(body) } as const;
    const call = this.#requests.writing(write, {});
    return (await this.#requests.transport.json(call, Settings)).body;
  }
}
