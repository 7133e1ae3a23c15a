/** Accounts elsewhere, which source adapters name. What opens them is kept, and never shown. */
import type { ConnectionResponse } from "../../../client/index.js";
import { curl, Empty } from "../../answer/empty.js";
import { Listed } from "../../answer/listed.js";
import { useOffsetPages } from "../../answer/use-offset-pages.js";
import { useSoon } from "../../answer/use-soon.js";
import { address } from "../../route/place.js";
import { useLive } from "../../session/live.js";
import { useNamespace } from "../../session/namespace.js";
import { count } from "../../show/numbers.js";
import { Text } from "../../show/text.js";
import { Time } from "../../show/time.js";

export function ConnectionsPage({ namespace }: { readonly namespace: string }) {
  const { connections } = useNamespace();
  const pages = useOffsetPages((page) => connections.list(page), [connections]);
  const reloadSoon = useSoon(pages.reload);
  useLive(({ type }) => {
    if (type.startsWith("connection.")) reloadSoon();
  });
  return (
    <section class="page" aria-labelledby="connections-title">
      <div class="title">
        <h1 id="connections-title">Connections</h1>
        {pages.total !== undefined && <span class="soft">{count(pages.total)}</span>}
      </div>
      <Listed
        pages={pages}
        label="Connections"
        rowHeight={41}
        keyOf={({ connection_id }) => connection_id}
        empty={
          <Empty
            command={curl(namespace, "/v1/organizations/connections", {
              name: "studio",
              provider_type: "mux",
            })}
          >
            There is no connection in the namespace {namespace} yet. This makes one:
          </Empty>
        }
      >
        {(connection) => <ConnectionRow namespace={namespace} connection={connection} />}
      </Listed>
    </section>
  );
}

interface ConnectionRowProps {
  readonly namespace: string;
  readonly connection: ConnectionResponse;
}

function ConnectionRow({ namespace, connection }: ConnectionRowProps) {
  const { connection_id: id, name, description, provider_type: type } = connection;
  return (
    <a class="connection-row one-line" data-row href={address([namespace, "connections", id])}>
      <span class="name">
        <Text max={80}>{name}</Text>
        {typeof type === "string" && (
          <>
            {" "}
            <span class="badge quiet">
              <Text max={40}>{type}</Text>
            </span>
          </>
        )}
      </span>
      <span class="soft cut">
        {typeof description === "string" && <Text max={200}>{description}</Text>}
      </span>
      <code class="soft">{id}</code>
      <span class="soft">
        <Time at={connection.updated_at} />
      </span>
    </a>
  );
}
