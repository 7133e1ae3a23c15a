/** What is around every tab of a bucket: its name, how it is, what can be done, and the past's bar. */
import type { ComponentChildren } from "preact";
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { Answered } from "../../answer/answered.js";
import { type Answer, useAnswer } from "../../answer/use-answer.js";
import { useSoon } from "../../answer/use-soon.js";
import { address, hrefWith, usePlace } from "../../route/place.js";
import { noteBucketName } from "../../session/bucket-names.js";
import { useLive } from "../../session/live.js";
import { useNamespace } from "../../session/namespace.js";
import { Actor } from "../../show/actor.js";
import { AsOfBar } from "../../show/as-of-bar.js";
import { count } from "../../show/numbers.js";
import { Status } from "../../show/status.js";
import { Tabs } from "../../show/tabs.js";
import { Text } from "../../show/text.js";
import { Time } from "../../show/time.js";
import { BucketActions } from "./bucket-actions.js";
import { PastActions } from "./past-actions.js";
import { Bucket, readBucket, type ShownBucket, useBucket } from "./use-bucket.js";

/** By the word behind the bucket in their addresses. */
const tabs = [
  ["", "Document"],
  ["history", "History"],
  ["objects", "Objects"],
  ["batches", "Batches"],
  ["uploads", "Uploads"],
  ["deliveries", "Deliveries"],
] as const;

interface BucketFrameProps {
  readonly namespace: string;
  /** An id or a name. */
  readonly bucket: string;
  /** The word behind the bucket in the address; empty for its document. */
  readonly tab: string;
  readonly children: ComponentChildren;
}

export function BucketFrame({ namespace, bucket, tab, children }: BucketFrameProps) {
  const api = useNamespace();
  const asOf = usePlace().query.get("as_of") ?? undefined;
  const [round, setRound] = useState(0);
  // A name is another bucket's once this one is renamed or deleted: what was found stays.
  const subject = `${namespace} ${bucket}`;
  const found = useRef({ subject, id: bucket });
  if (found.current.subject !== subject) found.current = { subject, id: bucket };
  const answer = useAnswer(
    async () => {
      const shown = await readBucket(api, found.current.id, asOf);
      found.current = { subject, id: shown.id };
      return shown;
    },
    [api, bucket, asOf, round],
    subject,
  );
  const reload = useCallback(() => setRound((last) => last + 1), []);
  useReloads(answer, reload);
  return (
    <div class="bucket">
      {answer.data === undefined && answer.error !== undefined && (
        <div class="title bucket-title">
          <h1>
            <Text max={255}>{bucket}</Text>
          </h1>
          {asOf !== undefined && (
            <a class="button" href={hrefWith({ as_of: undefined })}>
              Back to now
            </a>
          )}
        </div>
      )}
      <Answered answer={answer} lines={12}>
        {(shown) => (
          <Bucket.Provider value={{ ...shown, namespace, reload, round }}>
            <Head shown={shown} namespace={namespace} tab={tab} />
            {children}
          </Bucket.Provider>
        )}
      </Answered>
    </div>
  );
}

/** Asks anew after each event of the bucket, also after those that come in while it is asked for. */
function useReloads({ data, isLoading }: Answer<ShownBucket>, reload: () => void): void {
  const reloadSoon = useSoon(reload);
  const waiting = useRef(new Set<string>());
  useLive(({ bucket_id: id }) => {
    if (isLoading) waiting.current.add(id);
    else if (id === data?.id) reloadSoon();
  });
  useEffect(() => {
    if (isLoading || data === undefined) return;
    if (waiting.current.has(data.id)) reloadSoon();
    waiting.current.clear();
  }, [isLoading, data?.id, reloadSoon]);
}

interface HeadProps {
  readonly shown: ShownBucket;
  readonly namespace: string;
  readonly tab: string;
}

function Head({ shown, namespace, tab }: HeadProps) {
  const { read, latest, asOf, id } = shown;
  const { bucket_name: name } = read.bucket;
  const counts: Readonly<Record<string, number>> = {
    history: latest.version,
    objects: read.bucket.object_count,
  };
  useEffect(() => {
    noteBucketName(id, name);
    document.title = `${name} · bucketlog`;
    return () => {
      document.title = "bucketlog";
    };
  }, [id, name]);
  return (
    <>
      <div class="title bucket-title">
        <h1>
          <Text max={255}>{name}</Text>
        </h1>
        <code class="soft">{id}</code>
        <Marks />
        <span class="grow" />
        {asOf === undefined && <BucketActions />}
      </div>
      <Tabs label="Of the bucket" current={tab}>
        {tabs.map(([path, label]) => (
          <a
            key={path}
            href={address([namespace, "buckets", id, ...(path === "" ? [] : [path])], {
              as_of: asOf,
            })}
            aria-current={path === tab ? "page" : undefined}
          >
            {label}
            {counts[path] !== undefined && <code> {count(counts[path])}</code>}
          </a>
        ))}
      </Tabs>
      <AsOfBar asOf={asOf} recordedAt={read.past?.recordedAt} version={read.version}>
        <PastActions />
      </AsOfBar>
    </>
  );
}

function Marks() {
  const { read, lock, deletion } = useBucket();
  return (
    <>
      {deletion === undefined ? (
        <Status status={read.bucket.status} />
      ) : (
        <span class="badge bad">
          deleted <Time at={deletion.recorded_at} /> by <Actor name={deletion.actor} />
        </span>
      )}
      {read.bucket.is_locked && (
        <span class="badge warning">
          locked
          {lock?.type === "bucket.locked" && lock.expires_at !== undefined && (
            <>
              {" "}
              until <Time at={lock.expires_at} isExact />
            </>
          )}
          {lock !== undefined && (
            <>
              {" "}
              by <Actor name={lock.actor} />
              {lock.reason !== undefined && (
                <>
                  : <Text max={80}>{lock.reason}</Text>
                </>
              )}
            </>
          )}
        </span>
      )}
    </>
  );
}
