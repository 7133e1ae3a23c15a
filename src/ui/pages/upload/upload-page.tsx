/** One upload of a bucket: what was announced, what arrived, and what can be done with it. */
import type { Uploads } from "../../../client/index.js";
import { Answered } from "../../answer/answered.js";
import { type Deed, DeedButtons } from "../../answer/deeds.js";
import { PastEvents } from "../../answer/past-events.js";
import { readThing } from "../../answer/read-thing.js";
import { useAnswer } from "../../answer/use-answer.js";
import { address } from "../../route/place.js";
import { useNamespace } from "../../session/namespace.js";
import { Fields } from "../../show/fields.js";
import { Thing } from "../../show/thing.js";
import { BucketFrame } from "../bucket/bucket-frame.js";
import { useBucket } from "../bucket/use-bucket.js";

interface UploadPageProps {
  readonly namespace: string;
  readonly bucket: string;
  readonly upload: string;
}

export function UploadPage({ namespace, bucket, upload }: UploadPageProps) {
  return (
    <BucketFrame namespace={namespace} bucket={bucket} tab="uploads">
      <UploadOf upload={upload} />
    </BucketFrame>
  );
}

/** The URL opens without a token: it is not for screens that others look at. */
const shownApart = ["upload_id", "bucket_id", "status", "presigned_url", "object_id"];

function UploadOf({ upload: id }: { readonly upload: string }) {
  const { id: bucket, asOf, moment, namespace, round } = useBucket();
  const uploads = useNamespace().uploads(bucket);
  const answer = useAnswer(
    () => readThing(uploads, id, moment, (at) => uploads.get(id, { asOf: at })),
    [namespace, bucket, moment, round],
    id,
  );
  return (
    <Answered answer={answer} lines={8}>
      {({ read: { upload }, latest, deletion }) => (
        <Thing
          name={upload.filename}
          status={upload.status}
          deletion={deletion}
          all={{
            href: address([namespace, "buckets", bucket, "uploads"], { as_of: asOf }),
            label: "All uploads",
          }}
          actions={
            moment === undefined &&
            deletion === undefined && (
              <DeedButtons
                name={upload.filename}
                deeds={deedsOf(id, upload.status === "PENDING", uploads, latest.version)}
                reload={answer.reload}
              />
            )
          }
        >
          <p>
            <code class="soft">{id}</code>
          </p>
          {upload.object_id !== undefined && (
            <p>
              It became the object{" "}
              <a href={address([namespace, "buckets", bucket, "objects", upload.object_id])}>
                {upload.object_id}
              </a>
            </p>
          )}
          <Fields of={upload} apart={shownApart} />
          <PastEvents
            label="History of the upload"
            past={uploads}
            id={id}
            newest={latest.version}
          />
        </Thing>
      )}
    </Answered>
  );
}

function deedsOf(id: string, isWaiting: boolean, uploads: Uploads, version: number): Deed[] {
  const options = (reason: string) => ({ reason, ifVersion: version });
  const confirm: Deed = {
    label: "Confirm",
    says: "What has arrived is what was announced, and becomes an object.",
    write: (reason) => uploads.confirm(id, {}, options(reason)),
  };
  const remove: Deed = {
    label: "Delete",
    says: "Objects that have its bytes keep them.",
    write: (reason) => uploads.delete(id, options(reason)),
  };
  return isWaiting ? [confirm, remove] : [remove];
}
