/** What putting the namespace back would do: looked at first, then explained, then done. */
import { useState } from "preact/hooks";
import type { NamespaceReverted } from "../../../client/index.js";
import { Answered } from "../../answer/answered.js";
import { useAnswer } from "../../answer/use-answer.js";
import { WriteForm } from "../../answer/write-form.js";
import { address, setQuery } from "../../route/place.js";
import { useNamespace } from "../../session/namespace.js";
import { Changes } from "../../show/changes.js";
import { counted } from "../../show/numbers.js";
import { Sheet } from "../../show/sheet.js";
import { Status } from "../../show/status.js";
import { Text } from "../../show/text.js";
import { momentWords } from "../../show/time.js";

interface NamespacePutBackSheetProps {
  readonly asOf: string;
  readonly close: () => void;
}

export function NamespacePutBackSheet({ asOf, close }: NamespacePutBackSheetProps) {
  const api = useNamespace();
  const [round, setRound] = useState(0);
  const preview = useAnswer(() => api.revert({ asOf, dryRun: true }), [api, round], asOf);
  return (
    <Sheet title={`Put the namespace ${api.name} back to ${momentWords(asOf)}`} close={close}>
      <Answered answer={preview} lines={6}>
        {({ changed, restored, deleted, resources, has_more, compared_at: ifPosition }) => {
          const count = changed + restored + deleted;
          if (count === 0) {
            return <p class="empty">It is like that already: nothing would change.</p>;
          }
          return (
            <WriteForm
              effect={`Put back ${counted(count, "bucket or object", "buckets and objects")}`}
              isReady={!preview.isLoading}
              write={async (reason) => {
                await api.revert({ asOf, reason, ifPosition });
                setQuery({ as_of: undefined });
              }}
              lookAgain={() => setRound((last) => last + 1)}
              close={close}
            >
              <p>{summaryOf(changed, restored, deleted)}</p>
              <p class="soft">
                Batches, uploads and connections stay as they are, and so do locks and secrets.
              </p>
              <ul class="put-back-list" aria-label="What would change">
                {resources.slice(0, shownMax).map((resource) => (
                  <ResourceLine key={resource.id} namespace={api.name} resource={resource} />
                ))}
                {(has_more || resources.length > shownMax) && (
                  <li class="soft">and {counted(count - shownMax, "more", "more")}</li>
                )}
              </ul>
            </WriteForm>
          );
        }}
      </Answered>
    </Sheet>
  );
}

/** More than anybody reads in a sheet; all are counted, and done. */
const shownMax = 100;

function summaryOf(changed: number, restored: number, deleted: number): string {
  return [
    ...(changed > 0 ? [`${counted(changed, "is", "are")} changed`] : []),
    ...(restored > 0 ? [`${counted(restored, "comes", "come")} back`] : []),
    ...(deleted > 0
      ? [
          `${counted(deleted, "was", "were")} not there yet, and ${deleted === 1 ? "is" : "are"} deleted`,
        ]
      : []),
  ].join(" · ");
}

type Resource = NamespaceReverted["resources"][number];

interface ResourceLineProps {
  readonly namespace: string;
  readonly resource: Resource;
}

const actions = {
  change: { word: "changed", mark: "quiet" },
  restore: { word: "comes back", mark: "good" },
  delete: { word: "deleted", mark: "bad" },
} as const;

function ResourceLine({ namespace, resource }: ResourceLineProps) {
  const { kind, id, bucket_id: bucket, name, action, changes, status } = resource;
  const { word, mark } = actions[action];
  const below = kind === "bucket" ? [] : ["objects", id];
  return (
    <li>
      <p>
        <span class={`badge ${mark}`}>{word}</span> {kind}{" "}
        <a href={address([namespace, "buckets", bucket, ...below])}>
          {name === undefined ? <code>{id}</code> : <Text max={80}>{name}</Text>}
        </a>{" "}
        {status !== undefined && <Status status={status} />}
      </p>
      {changes.length > 0 && <Changes changes={changes} />}
    </li>
  );
}
