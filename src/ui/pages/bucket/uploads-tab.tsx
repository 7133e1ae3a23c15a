/** The uploads of the bucket, and the place to drop files on. */
import type { UploadResponse } from "../../../client/index.js";
import { Empty } from "../../answer/empty.js";
import { Listed } from "../../answer/listed.js";
import { useOffsetPages } from "../../answer/use-offset-pages.js";
import { address } from "../../route/place.js";
import { useNamespace } from "../../session/namespace.js";
import { size } from "../../show/numbers.js";
import { Status } from "../../show/status.js";
import { Text } from "../../show/text.js";
import { Time } from "../../show/time.js";
import { DropZone } from "./drop-zone.js";
import { useBucket } from "./use-bucket.js";

export function UploadsTab() {
  const { id, moment, deletion, round } = useBucket();
  const api = useNamespace();
  const pages = useOffsetPages(
    (page) => api.uploads(id).list({ ...page, asOf: moment }),
    [api, id, moment, round],
  );
  return (
    <section class="page" aria-label="Uploads">
      {moment === undefined && deletion === undefined && <DropZone done={pages.reload} />}
      <Listed
        pages={pages}
        label="Uploads"
        rowHeight={41}
        keyOf={({ upload_id }) => upload_id}
        empty={<Empty>Nothing was uploaded here yet.</Empty>}
      >
        {(upload) => <UploadRow upload={upload} />}
      </Listed>
    </section>
  );
}

function UploadRow({ upload }: { readonly upload: UploadResponse }) {
  const { id: bucket, asOf, namespace } = useBucket();
  const {
    filename,
    status,
    content_type: type,
    file_size_bytes: bytes,
    object_id: object,
  } = upload;
  return (
    <div class="upload-row one-line">
      <span class="name cut">
        <a
          data-row
          href={address([namespace, "buckets", bucket, "uploads", upload.upload_id], {
            as_of: asOf,
          })}
        >
          <Text max={120}>{filename}</Text>
        </a>{" "}
        <Status status={status} />
      </span>
      <span class="soft cut">
        <Text max={80}>{type}</Text>
        {object !== undefined && (
          <>
            {" · "}
            <a href={address([namespace, "buckets", bucket, "objects", object])}>its object</a>
          </>
        )}
      </span>
      <span class="number">{bytes === undefined ? "" : size(bytes)}</span>
      <span class="soft">
        <Time at={upload.updated_at} />
      </span>
    </div>
  );
}
