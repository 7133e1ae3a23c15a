/** The batches of the bucket: work for programs that process its objects. */
import type { BatchResponse } from "../../../client/index.js";
import { curl, Empty } from "../../answer/empty.js";
import { Listed } from "../../answer/listed.js";
import { useOffsetPages } from "../../answer/use-offset-pages.js";
import { address } from "../../route/place.js";
import { useNamespace } from "../../session/namespace.js";
import { Dotted } from "../../show/dotted.js";
import { counted } from "../../show/numbers.js";
import { Status } from "../../show/status.js";
import { Text } from "../../show/text.js";
import { Time } from "../../show/time.js";
import { useBucket } from "./use-bucket.js";

export function BatchesTab() {
  const { id, moment, namespace, round } = useBucket();
  const api = useNamespace();
  const pages = useOffsetPages(
    (page) => api.batches(id).list({ ...page, asOf: moment }),
    [api, id, moment, round],
  );
  return (
    <section class="page" aria-label="Batches">
      <Listed
        pages={pages}
        label="Batches"
        rowHeight={41}
        keyOf={({ batch_id }) => batch_id}
        empty={
          <Empty
            command={curl(namespace, `/v1/buckets/${id}/batches`, { object_ids: ["OBJECT_ID"] })}
          >
            There is no batch here. This makes one, of objects that a program is to process:
          </Empty>
        }
      >
        {(batch) => <BatchRow batch={batch} />}
      </Listed>
    </section>
  );
}

function BatchRow({ batch }: { readonly batch: BatchResponse }) {
  const { id: bucket, asOf, namespace } = useBucket();
  const { batch_id: id, lease, progress, error } = batch;
  return (
    <a
      class="batch-row one-line"
      data-row
      href={address([namespace, "buckets", bucket, "batches", id], { as_of: asOf })}
    >
      <span>
        <code>{id}</code> <Status status={batch.status} />
      </span>
      <span class="soft cut">
        <Dotted
          parts={{
            worker: lease && (
              <>
                with <Text max={60}>{lease.worker}</Text>
              </>
            ),
            progress: progress && `${progress.processed_count} done`,
            error: error && <Text max={200}>{error}</Text>,
          }}
        />
      </span>
      <span class="number">{counted(batch.object_ids.length, "object")}</span>
      <span class="soft">
        <Time at={batch.updated_at} />
      </span>
    </a>
  );
}
