/** One event of the timeline: who, why and when, what it changed, and what can be done about it. */
import { useContext } from "preact/hooks";
import type { Change, HistoryEntry } from "../../../client/index.js";
import type { PutBack } from "../../answer/put-back-sheet.js";
import { address, hrefWith } from "../../route/place.js";
import { Actor } from "../../show/actor.js";
import { Changes } from "../../show/changes.js";
import { deedOf } from "../../show/deeds.js";
import { Text } from "../../show/text.js";
import { Time } from "../../show/time.js";
import { Hot } from "./hot.js";
import { ProofButton } from "./proof-button.js";
import { useBucket } from "./use-bucket.js";

interface EntryProps {
  readonly entry: HistoryEntry;
  readonly isTogether: boolean;
  /** Whether it came in while the page was open. */
  readonly isFresh: boolean;
  readonly putBack: (what: PutBack) => void;
}

export function Entry({ entry, isTogether, isFresh, putBack }: EntryProps) {
  const { read, asOf } = useBucket();
  const hot = useContext(Hot);
  const { version, changes, reason, actor, transaction_id: transaction } = entry;
  const isShown = asOf !== undefined && version === read.version;
  return (
    <article
      class={`entry ${isShown ? "shown" : ""} ${hot.version === version ? "hot" : ""} ${isTogether ? "together" : ""} ${isFresh ? "fresh" : ""}`}
      data-version={version}
      onPointerEnter={() => hot.setVersion(version)}
      onPointerLeave={() => hot.setVersion(undefined)}
    >
      <header>
        <a class="version" data-row href={hrefWith({ as_of: String(version) })}>
          v{version}
        </a>
        <Actor name={actor} />
        <span class="entry-why">
          {reason === undefined ? (
            <span class="soft">{deedOf(entry)}</span>
          ) : (
            <Text max={300}>{reason}</Text>
          )}
        </span>
        <span class="soft entry-when">
          <Time at={entry.recorded_at} />
        </span>
      </header>
      {changes.length === 0 ? (
        <p class="entry-deed soft">
          {deedOf(entry)}
          {entry.type === "bucket.locked" && entry.expires_at !== undefined && (
            <>
              {" "}
              until <Time at={entry.expires_at} isExact />
            </>
          )}
        </p>
      ) : (
        <div class="entry-changes">
          <Changes
            changes={changes}
            hrefOf={(path) => hrefWith({ path })}
            behind={(change) => <PutBackField entry={entry} change={change} putBack={putBack} />}
          />
        </div>
      )}
      {transaction !== undefined && (
        <p class="entry-deed soft">
          together with others in <code>{transaction}</code>
        </p>
      )}
      <EntryActions entry={entry} putBack={putBack} />
    </article>
  );
}

function PutBackField({
  entry,
  change,
  putBack,
}: Pick<EntryProps, "entry" | "putBack"> & { change: Change }) {
  const { asOf, deletion } = useBucket();
  const { version } = entry;
  if (version === 1 || asOf !== undefined || deletion !== undefined) return null;
  return (
    <button
      type="button"
      class="small"
      aria-label={`Put back ${change.path} to how it was before version ${version}`}
      title={`To how it was before v${version}; you see it first`}
      onClick={() => putBack({ kind: "version", version: version - 1, fields: [change.path] })}
    >
      Put back
    </button>
  );
}

function EntryActions({ entry, putBack }: Pick<EntryProps, "entry" | "putBack">) {
  const { id, namespace, latest, deletion } = useBucket();
  const { version, changes } = entry;
  const compare = (from: number, to: number) =>
    address([namespace, "buckets", id, "compare"], { from: String(from), to: String(to) });
  const isNewest = version === latest.version;
  const canChange = deletion === undefined;
  return (
    <footer>
      {version > 1 && <a href={compare(version - 1, version)}>Compare with v{version - 1}</a>}
      {!isNewest && <a href={compare(version, latest.version)}>with now</a>}
      <ProofButton version={version} />
      <span class="grow" />
      {canChange && version > 1 && changes.length > 0 && (
        <button type="button" class="small" onClick={() => putBack({ kind: "undo", version })}>
          Undo v{version}
        </button>
      )}
      {canChange && !isNewest && (
        <button
          type="button"
          class="small"
          onClick={() => putBack({ kind: "version", version, fields: undefined })}
        >
          Put back to v{version}
        </button>
      )}
    </footer>
  );
}
