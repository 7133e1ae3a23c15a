/** A connection as it is answered and listed, with masks in the place of its secrets. */
import type { FieldCatalog } from "../filter/fields.js";
import { isJsonObject, type JsonObject, ownValue, withoutAbsent } from "../json.js";
import type { Listing } from "../listing.js";
import { organizationId } from "../organization.js";
import { ConnectionResponse } from "./response.js";
import { connectionSecrets } from "./secrets.js";
import type { ConnectionState } from "./state.js";

export const connectionCatalog: FieldCatalog = {
  names: Object.keys(ConnectionResponse.shape),
  times: ["created_at", "updated_at"],
};

export const connectionListing: Listing<ConnectionState> = {
  fields: connectionFields,
  searched: ["connection_id", "name", "description"],
  createdAt: (state) => state.created_at,
  id: (state) => state.connection_id,
};

export function renderConnection(state: ConnectionState): ConnectionResponse {
  return ConnectionResponse.parse(connectionFields(state));
}

/** What a connection has from the beginning. */
const standing = {
  provider_config: {},
  status: "ACTIVE",
  is_active: true,
  metadata: {},
} as const satisfies JsonObject;

/** The answer before it is checked, which a list needs of every connection that it looks at. */
function connectionFields(state: ConnectionState): JsonObject {
  const { credentials, ...document } = connectionSecrets.maskDocument(state.document);
  const config = ownValue(document, "provider_config") ?? {};
  return withoutAbsent({
    ...standing,
    ...document,
    connection_id: state.connection_id,
    internal_id: organizationId,
    namespace_id: state.namespace,
    has_credentials:
      credentials !== undefined || (isJsonObject(config) && Object.hasOwn(config, "credentials")),
    consecutive_failures: 0,
    created_by_user_id: state.created_by ?? "unknown",
    created_at: state.created_at,
    updated_at: state.updated_at,
  });
}
