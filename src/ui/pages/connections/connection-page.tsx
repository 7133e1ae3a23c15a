/** One account elsewhere: what is known of it, and what was changed; what opens it is never shown. */
import { useState } from "preact/hooks";
import type { AuditEvent } from "../../../client/index.js";
import { Answered } from "../../answer/answered.js";
import { type Deed, DeedButtons } from "../../answer/deeds.js";
import { Empty } from "../../answer/empty.js";
import { Listed } from "../../answer/listed.js";
import { useAnswer } from "../../answer/use-answer.js";
import { type Page, usePages } from "../../answer/use-pages.js";
import { useSoon } from "../../answer/use-soon.js";
import { address, navigate } from "../../route/place.js";
import { useLive } from "../../session/live.js";
import { useNamespace } from "../../session/namespace.js";
import { Actor } from "../../show/actor.js";
import { Changes } from "../../show/changes.js";
import { Fields } from "../../show/fields.js";
import { Thing } from "../../show/thing.js";
import { Time } from "../../show/time.js";
import { ConnectionSheet } from "./connection-sheet.js";

interface ConnectionPageProps {
  readonly namespace: string;
  readonly connection: string;
}

export function ConnectionPage({ namespace, connection: id }: ConnectionPageProps) {
  const { connections } = useNamespace();
  const answer = useAnswer(() => connections.get(id), [connections], id);
  const [isEditing, setEditing] = useState(false);
  const reloadSoon = useSoon(answer.reload);
  useLive(({ type }) => {
    if (type.startsWith("connection.")) reloadSoon();
  });
  const all = { href: address([namespace, "connections"]), label: "All connections" };
  return (
    <Answered answer={answer} lines={6}>
      {({ connection, version }) => {
        const remove: Deed = {
          label: "Delete",
          says: "Its credentials are gone for good. Adapters that name it go on naming it.",
          write: async (reason) => {
            await connections.delete(id, { reason, ifVersion: version });
            navigate(all.href);
          },
        };
        return (
          <Thing
            name={connection.name}
            all={all}
            isAlone
            actions={
              <>
                <button type="button" onClick={() => setEditing(true)}>
                  Change
                </button>
                <DeedButtons name={connection.name} deeds={[remove]} reload={answer.reload} />
              </>
            }
          >
            <Fields of={connection} apart={["name"]} />
            <ConnectionPast id={id} version={version} />
            {isEditing && (
              <ConnectionSheet
                connection={connection}
                version={version}
                reload={answer.reload}
                close={() => setEditing(false)}
              />
            )}
          </Thing>
        );
      }}
    </Answered>
  );
}

/** Connections have no history of their own in the API: the audit log tells what was changed. */
function ConnectionPast({ id, version }: { readonly id: string; readonly version: number }) {
  const { audit } = useNamespace();
  const ask = async (cursor: string | undefined): Promise<Page<AuditEvent>> => {
    const { results, next_cursor: next } = await audit.list({ resourceId: id, cursor, limit: 100 });
    return { rows: results, next };
  };
  const pages = usePages(ask, [audit, id, version]);
  return (
    <>
      <h2 class="quiet">History</h2>
      <Listed
        pages={pages}
        label="History of the connection"
        rowHeight={90}
        keyOf={({ audit_id }) => audit_id}
        empty={<Empty>Nothing has happened to it.</Empty>}
      >
        {(event) => (
          <article class="past-event">
            <header>
              <Actor name={event.actor_id} />
              <span>{event.action.replaceAll("_", " ")}</span>
              <span class="soft">
                <Time at={event.timestamp} />
              </span>
            </header>
            <Changes changes={event.changes} />
          </article>
        )}
      </Listed>
    </>
  );
}
