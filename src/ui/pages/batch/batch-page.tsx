/** One batch of a bucket: how far it is, its objects, and what can be done with it. */
import type { Batches, BatchResponse } from "../../../client/index.js";
import { Answered } from "../../answer/answered.js";
import { type Deed, DeedButtons } from "../../answer/deeds.js";
import { PastEvents } from "../../answer/past-events.js";
import { readThing } from "../../answer/read-thing.js";
import { useAnswer } from "../../answer/use-answer.js";
import { address } from "../../route/place.js";
import { useNamespace } from "../../session/namespace.js";
import { Fields } from "../../show/fields.js";
import { counted } from "../../show/numbers.js";
import { Thing } from "../../show/thing.js";
import { BucketFrame } from "../bucket/bucket-frame.js";
import { useBucket } from "../bucket/use-bucket.js";

interface BatchPageProps {
  readonly namespace: string;
  readonly bucket: string;
  readonly batch: string;
}

export function BatchPage({ namespace, bucket, batch }: BatchPageProps) {
  return (
    <BucketFrame namespace={namespace} bucket={bucket} tab="batches">
      <BatchOf batch={batch} />
    </BucketFrame>
  );
}

const shownApart = ["batch_id", "bucket_id", "status", "object_ids", "task_id"];

function BatchOf({ batch: id }: { readonly batch: string }) {
  const { id: bucket, asOf, moment, namespace, round } = useBucket();
  const batches = useNamespace().batches(bucket);
  const answer = useAnswer(
    () => readThing(batches, id, moment, (at) => batches.get(id, { asOf: at })),
    [namespace, bucket, moment, round],
    id,
  );
  return (
    <Answered answer={answer} lines={8}>
      {({ read: { batch }, latest, deletion }) => (
        <Thing
          name={id}
          status={batch.status}
          deletion={deletion}
          all={{
            href: address([namespace, "buckets", bucket, "batches"], { as_of: asOf }),
            label: "All batches",
          }}
          actions={
            moment === undefined &&
            deletion === undefined && (
              <DeedButtons
                name="the batch"
                deeds={deedsOf(batch, batches, latest.version)}
                reload={answer.reload}
              />
            )
          }
        >
          <Fields of={batch} apart={shownApart} />
          {batch.task_id !== undefined && (
            <p>
              Its task is <a href={address([namespace, "tasks", batch.task_id])}>{batch.task_id}</a>
            </p>
          )}
          <h2 class="quiet">{counted(batch.object_ids.length, "object")}</h2>
          <ObjectLinks ids={batch.object_ids} />
          <PastEvents label="History of the batch" past={batches} id={id} newest={latest.version} />
        </Thing>
      )}
    </Answered>
  );
}

function deedsOf({ batch_id: id, status }: BatchResponse, batches: Batches, version: number) {
  const options = (reason: string) => ({ reason, ifVersion: version });
  const submit: Deed = {
    label: "Submit",
    says: "From now on a worker may take it.",
    write: (reason) => batches.submit(id, options(reason)),
  };
  const cancel: Deed = {
    label: "Cancel it",
    says: "No worker takes it any more; one that has it is told when it reports.",
    write: (reason) => batches.cancel(id, options(reason)),
  };
  const remove: Deed = {
    label: "Delete",
    says: "Its objects stay, and so does its history.",
    write: (reason) => batches.delete(id, options(reason)),
  };
  switch (status) {
    case "DRAFT":
      return [submit, remove];
    case "PENDING":
    case "QUEUED":
    case "IN_PROGRESS":
    case "PROCESSING":
      return [cancel];
    default:
      return [remove];
  }
}

const linksMax = 100;

function ObjectLinks({ ids }: { readonly ids: readonly string[] }) {
  const { id: bucket, asOf, namespace } = useBucket();
  return (
    <ul class="plain-list" aria-label="Objects of the batch">
      {ids.slice(0, linksMax).map((id) => (
        <li key={id}>
          <a href={address([namespace, "buckets", bucket, "objects", id], { as_of: asOf })}>
            <code>{id}</code>
          </a>
        </li>
      ))}
      {ids.length > linksMax && (
        <li class="soft">and {counted(ids.length - linksMax, "more object")}</li>
      )}
    </ul>
  );
}
