/** One object of a bucket: its fields, the bytes of its blobs, what can be done, and what happened to it. */
import { useState } from "preact/hooks";
import { Answered } from "../../answer/answered.js";
import { type Deed, DeedButtons } from "../../answer/deeds.js";
import { PastEvents } from "../../answer/past-events.js";
import { type PutBack, PutBackSheet } from "../../answer/put-back-sheet.js";
import { readThing } from "../../answer/read-thing.js";
import { useAnswer } from "../../answer/use-answer.js";
import { address } from "../../route/place.js";
import { useNamespace } from "../../session/namespace.js";
import { Fields } from "../../show/fields.js";
import { Thing } from "../../show/thing.js";
import { BucketFrame } from "../bucket/bucket-frame.js";
import { useBucket } from "../bucket/use-bucket.js";
import { BlobView } from "./blob-view.js";

interface ObjectPageProps {
  readonly namespace: string;
  readonly bucket: string;
  readonly object: string;
}

export function ObjectPage({ namespace, bucket, object }: ObjectPageProps) {
  return (
    <BucketFrame namespace={namespace} bucket={bucket} tab="objects">
      <ObjectOf object={object} />
    </BucketFrame>
  );
}

const shownApart = ["blobs", "bucket_id", "object_id", "source_details", "status"];

function ObjectOf({ object: id }: { readonly object: string }) {
  const { id: bucket, asOf, moment, namespace, round, deletion: bucketDeletion } = useBucket();
  const objects = useNamespace().objects(bucket);
  const answer = useAnswer(
    () => readThing(objects, id, moment, (at) => objects.get(id, { asOf: at })),
    [namespace, bucket, moment, round],
    id,
  );
  const [putBack, setPutBack] = useState<PutBack>();
  return (
    <Answered answer={answer} lines={8}>
      {({ read: { object, version }, latest, deletion }) => {
        const isNow = moment === undefined && bucketDeletion === undefined;
        const options = (reason: string) => ({ reason, ifVersion: latest.version });
        const remove: Deed = {
          label: "Delete",
          says: "Its unique key is free again. Its history stays, and it can be brought back.",
          write: (reason) => objects.delete(id, options(reason)),
        };
        const restore: Deed = {
          label: "Bring back",
          says: "It comes back under its id, with its history.",
          write: (reason) => objects.restore(id, options(reason)),
        };
        const deeds = !isNow ? [] : [deletion === undefined ? remove : restore];
        return (
          <Thing
            name={id}
            status={object.status}
            deletion={deletion}
            all={{
              href: address([namespace, "buckets", bucket, "objects"], { as_of: asOf }),
              label: "All objects",
            }}
            actions={
              <DeedButtons name={`version ${version}`} deeds={deeds} reload={answer.reload} />
            }
          >
            <Fields of={object} apart={shownApart} />
            {object.blobs.map((blob) => (
              <BlobView key={blob.blob_id} object={id} blob={blob} />
            ))}
            <PastEvents
              label="History of the object"
              past={objects}
              id={id}
              newest={latest.version}
              putBack={isNow && deletion === undefined ? setPutBack : undefined}
            />
            {putBack !== undefined && (
              <PutBackSheet
                putBack={putBack}
                of={{
                  id,
                  get: () => objects.get(id),
                  revert: (body, how) => objects.revert(id, body, how),
                  done: answer.reload,
                }}
                close={() => setPutBack(undefined)}
              />
            )}
          </Thing>
        );
      }}
    </Answered>
  );
}
