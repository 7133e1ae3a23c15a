/** Puts a version, some fields or one event back: first what would change, then why, then the event. */
import { useState } from "preact/hooks";
import type { Change, WriteOptions, Written } from "../../client/index.js";
import { setQuery } from "../route/place.js";
import { Changes } from "../show/changes.js";
import { counted } from "../show/numbers.js";
import { Sheet } from "../show/sheet.js";
import { Answered } from "./answered.js";
import { useAnswer } from "./use-answer.js";
import { WriteForm } from "./write-form.js";

export type PutBack =
  | { readonly kind: "undo"; readonly version: number }
  | {
      readonly kind: "version";
      readonly version: number;
      /** Those alone; all that differ unless given. */
      readonly fields: readonly string[] | undefined;
    };

/** What can be put back, and how. */
interface Reverting {
  readonly id: string;
  /** As it is now. */
  readonly get: () => Promise<{ readonly version: number }>;
  readonly revert: (body: object, options: WriteOptions) => Promise<Written>;
  /** Called once it was put back. */
  readonly done: () => void;
}

interface PutBackSheetProps {
  readonly putBack: PutBack;
  readonly of: Reverting;
  readonly close: () => void;
}

export function PutBackSheet({ putBack, of, close }: PutBackSheetProps) {
  const { id, get, revert, done } = of;
  const [round, setRound] = useState(0);
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set());
  const request = requestOf(putBack);
  const preview = useAnswer(
    async () => {
      const { version: now } = await get();
      const { changes, version } = await revert(request, { dryRun: true, ifVersion: now });
      return { now, changes, version };
    },
    [id, round],
    JSON.stringify(putBack),
  );
  const toggle = (path: string) => {
    const next = new Set(left);
    if (!next.delete(path)) next.add(path);
    setLeft(next);
  };
  return (
    <Sheet title={titleOf(putBack)} close={close}>
      <Answered answer={preview} lines={4}>
        {({ now, changes, version }) => {
          const chosen = changes.filter(({ path }) => !left.has(path));
          const write = async (reason: string) => {
            const body =
              putBack.kind === "version" && chosen.length < changes.length
                ? { to: putBack.version, fields: chosen.map(({ path }) => path) }
                : request;
            await revert(body, { reason, ifVersion: now });
            setQuery({ as_of: undefined });
            done();
          };
          if (changes.length === 0) {
            return <p class="empty">It is like that already: nothing would change.</p>;
          }
          return (
            <WriteForm
              effect={effectOf(putBack, chosen.length, version)}
              isReady={chosen.length > 0 && !preview.isLoading}
              write={write}
              lookAgain={() => setRound((last) => last + 1)}
              close={close}
            >
              <p class="soft">This would change:</p>
              <Changes
                changes={changes}
                {...(putBack.kind === "version" && {
                  before: ({ path }: Change) => (
                    <input
                      type="checkbox"
                      aria-label={`Put ${path} back`}
                      checked={!left.has(path)}
                      onChange={() => toggle(path)}
                    />
                  ),
                })}
              />
            </WriteForm>
          );
        }}
      </Answered>
    </Sheet>
  );
}

function requestOf(putBack: PutBack): object {
  if (putBack.kind === "undo") return { undo: putBack.version };
  const { version, fields } = putBack;
  return fields === undefined ? { to: version } : { to: version, fields };
}

function titleOf({ kind, version }: PutBack): string {
  return kind === "undo" ? `Undo version ${version}` : `Put back to version ${version}`;
}

function effectOf({ kind, version: then }: PutBack, chosen: number, version: number): string {
  return kind === "undo"
    ? `Undo v${then} as version ${version}`
    : `Put back ${counted(chosen, "field")} as version ${version}`;
}
