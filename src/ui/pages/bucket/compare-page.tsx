/** Any two versions of a bucket, side by side: what differs, or all of it. */
import { useState } from "preact/hooks";
import { type Change, diff, type HistoryEntry, type JsonValue } from "../../../client/index.js";
import { Answered } from "../../answer/answered.js";
import { Empty } from "../../answer/empty.js";
import type { PutBack } from "../../answer/put-back-sheet.js";
import { useAnswer } from "../../answer/use-answer.js";
import { address, usePlace } from "../../route/place.js";
import { useNamespace } from "../../session/namespace.js";
import { Actor } from "../../show/actor.js";
import { Pieces } from "../../show/changes.js";
import { MomentBox } from "../../show/moment-box.js";
import { counted } from "../../show/numbers.js";
import { Text } from "../../show/text.js";
import { Time } from "../../show/time.js";
import { Value } from "../../show/value.js";
import { wordDiff } from "../../show/words.js";
import { BucketFrame } from "./bucket-frame.js";
import { BucketPutBack } from "./bucket-put-back.js";
import { documentOf } from "./document.js";
import { useBucket } from "./use-bucket.js";

interface ComparePageProps {
  readonly namespace: string;
  readonly bucket: string;
}

export function ComparePage({ namespace, bucket }: ComparePageProps) {
  return (
    <BucketFrame namespace={namespace} bucket={bucket} tab="history">
      <section class="page" aria-label="Comparison">
        <Comparison />
      </section>
    </BucketFrame>
  );
}

function Comparison() {
  const { id, latest, deletion } = useBucket();
  const { buckets } = useNamespace();
  const { query } = usePlace();
  const newest = deletion === undefined ? latest.version : latest.version - 1;
  const from = query.get("from") ?? String(Math.max(1, newest - 1));
  const to = query.get("to") ?? String(newest);
  const [putBack, setPutBack] = useState<PutBack>();
  const answer = useAnswer(
    async () => {
      const [left, right] = await Promise.all([side(from), side(to)]);
      return { left, right, changes: diff(left.document, right.document) };
    },
    [buckets, id, from, to],
    id,
  );

  async function side(asOf: string) {
    const { bucket, version } = await buckets.get(id, { asOf });
    return { version, document: documentOf(bucket), entry: await buckets.entry(id, version) };
  }

  return (
    <>
      <Answered answer={answer} lines={12}>
        {({ left, right, changes }) => (
          <div class="comparison">
            <SideHead name="from" value={from} entry={left.entry} />
            <SideHead name="to" value={to} entry={right.entry} />
            <p class="comparison-path soft">
              {changes.length === 0 ? null : `${counted(changes.length, "field")} differ`}
            </p>
            {changes.length === 0 && <Empty>The two are alike.</Empty>}
            {changes.map((change) => (
              <Difference
                key={change.path}
                change={change}
                putBack={
                  deletion === undefined && right.version === newest
                    ? () =>
                        setPutBack({
                          kind: "version",
                          version: left.version,
                          fields: [change.path],
                        })
                    : undefined
                }
              />
            ))}
          </div>
        )}
      </Answered>
      {putBack !== undefined && (
        <BucketPutBack putBack={putBack} close={() => setPutBack(undefined)} />
      )}
    </>
  );
}

interface SideHeadProps {
  readonly name: "from" | "to";
  readonly value: string;
  readonly entry: HistoryEntry;
}

function SideHead({ name, value, entry }: SideHeadProps) {
  const { namespace, id } = useBucket();
  return (
    <div class="side-head">
      <MomentBox
        name={name}
        label={name === "from" ? "Compare from" : "Compare to"}
        text={/^\d+$/.test(value) ? `v${value}` : value}
      />
      <span>
        <a
          class="version"
          href={address([namespace, "buckets", id], { as_of: String(entry.version) })}
        >
          v{entry.version}
        </a>{" "}
        <Actor name={entry.actor} /> <Time at={entry.recorded_at} isExact />
      </span>
      {entry.reason !== undefined && (
        <span class="soft">
          <Text max={200}>{entry.reason}</Text>
        </span>
      )}
    </div>
  );
}

interface DifferenceProps {
  readonly change: Change;
  readonly putBack: (() => void) | undefined;
}

function Difference({ change, putBack }: DifferenceProps) {
  const was = change.op === "add" ? undefined : change.was;
  const value = change.op === "remove" ? undefined : change.value;
  const words =
    typeof was === "string" && typeof value === "string" ? wordDiff(was, value) : undefined;
  return (
    <>
      <p class="comparison-path">
        <code>
          <Text max={200}>{change.path}</Text>
        </code>
        {putBack !== undefined && (
          <button
            type="button"
            class="small"
            aria-label={`Put back ${change.path} to how it is on the left`}
            onClick={putBack}
          >
            Put back
          </button>
        )}
      </p>
      <div class={was === undefined ? "side" : "side removed"}>
        {words === undefined ? <Side value={was} /> : <Pieces pieces={words.was} />}
      </div>
      <div class={value === undefined ? "side" : "side added"}>
        {words === undefined ? <Side value={value} /> : <Pieces pieces={words.value} />}
      </div>
    </>
  );
}

function Side({ value }: { readonly value: JsonValue | undefined }) {
  return value === undefined ? <span class="soft">not there</span> : <Value value={value} />;
}
