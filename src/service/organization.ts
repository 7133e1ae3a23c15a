/** What belongs to the organisation for one caller, who sees as much of it as is open to them. */

import type {
  Audit,
  Connections,
  OperationResult,
  ReadAuditSettings,
  ServedCommitOptions,
  ServedOperation,
  ServedOrganization,
  ServedWriteOptions,
  Tasks,
} from "../api/index.js";
import { assertText } from "../api/options.js";
import { BucketsError } from "../domain/errors.js";
import { hasNamespace } from "../domain/namespace/within.js";
import { organizationNotFound } from "../domain/not-found.js";
import type { KnownCaller } from "./asker.js";
import { ConnectionService } from "./connections/connections.js";
import { carryOut } from "./operations.js";
import type { OfOrganization, ServiceParts } from "./parts.js";
import { AuditService } from "./read/audit.js";
import { TaskService } from "./read/tasks.js";

/** Where a connection is recorded unless a namespace is named. */
const home = "default";

export class OrganizationService implements ServedOrganization {
  readonly #served: OfOrganization;
  readonly #caller: KnownCaller;

  constructor(parts: ServiceParts, caller: KnownCaller) {
    const writeIn: OfOrganization["writeIn"] =
      (namespace) =>
      (operation, options = {}) =>
        carryOut(parts, { namespace, caller }, operation, options);
    this.#served = { parts, within: caller.opens, writeIn };
    this.#caller = caller;
  }

  get connections(): Connections<ServedWriteOptions> {
    const { parts, within } = this.#served;
    const write: ServedOrganization["write"] = (...asked) => this.write(...asked);
    return new ConnectionService({ parts, within, write });
  }

  get tasks(): Tasks {
    return new TaskService(this.#served);
  }

  get audit(): Audit {
    const { parts, within } = this.#served;
    return new AuditService(parts, within);
  }

  get auditSettings(): ReadAuditSettings {
    const { readAudit } = this.#served.parts;
    return {
      get: () => readAudit.settings(this.#caller),
      patch: (body) => readAudit.patchSettings(body, this.#caller),
    };
  }

  async write(
    operation: ServedOperation,
    options: ServedCommitOptions = {},
  ): Promise<OperationResult> {
    const write = this.#served.writeIn(await this.#namespaceOf(operation));
    return await write(operation, options);
  }

  /** @throws FORBIDDEN where none can be made; NOT_FOUND, also for one that is not open. */
  async #namespaceOf(operation: ServedOperation): Promise<string> {
    const { parts, within } = this.#served;
    if (operation.type === "patch_connection" || operation.type === "delete_connection") {
      const { connection: id } = operation;
      assertText(id, "connection");
      const state = await parts.view.state(id);
      if (state?.kind === "connection" && hasNamespace(within, state.namespace))
        return state.namespace;
      throw organizationNotFound("connection", id, within);
    }
    if (hasNamespace(within, home)) return home;
    throw new BucketsError(
      "FORBIDDEN",
      `Your token does not open the namespace "${home}": name one that it opens in X-Namespace.`,
      { namespaces: within },
    );
  }
}
