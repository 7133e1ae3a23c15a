/** What was sent to the source adapter, and what became of it; what failed can be tried again. */
import type { DeliveryResponse } from "../../../client/index.js";
import { Empty } from "../../answer/empty.js";
import { Failure } from "../../answer/failure.js";
import { Listed } from "../../answer/listed.js";
import { useAction } from "../../answer/use-action.js";
import { type Page, usePages } from "../../answer/use-pages.js";
import { address } from "../../route/place.js";
import { useNamespace } from "../../session/namespace.js";
import { Dotted } from "../../show/dotted.js";
import { Status } from "../../show/status.js";
import { Text } from "../../show/text.js";
import { Time } from "../../show/time.js";
import { useBucket } from "./use-bucket.js";

const pageSize = 100;

export function DeliveriesTab() {
  const { id, round } = useBucket();
  const api = useNamespace();
  const ask = async (cursor: string | undefined): Promise<Page<DeliveryResponse>> => {
    const adapter = api.sourceAdapter(id);
    const { results, pagination, counts } = await adapter.deliveries({ limit: pageSize, cursor });
    const total = counts.accepted + counts.ignored + counts.failed;
    return { rows: results, next: pagination.next_cursor, total };
  };
  const pages = usePages(ask, [api, id, round]);
  return (
    <section class="page" aria-label="Deliveries">
      <Listed
        pages={pages}
        label="Deliveries"
        rowHeight={41}
        keyOf={({ delivery_id }) => delivery_id}
        empty={
          <Empty>Nothing was delivered here: webhooks come in through a source adapter.</Empty>
        }
      >
        {(delivery) => <DeliveryRow delivery={delivery} again={pages.reload} />}
      </Listed>
    </section>
  );
}

interface DeliveryRowProps {
  readonly delivery: DeliveryResponse;
  readonly again: () => void;
}

function DeliveryRow({ delivery, again }: DeliveryRowProps) {
  const { id: bucket, namespace } = useBucket();
  const api = useNamespace();
  const { delivery_id: id, status, event_type: type, object_id: object, reason } = delivery;
  const retry = useAction(async () => {
    await api.sourceAdapter(bucket).replay(id);
    again();
  });
  return (
    <div class="delivery-row one-line">
      <span>
        <a data-row href={address([namespace, "buckets", bucket, "deliveries", id])}>
          <code>{id}</code>
        </a>{" "}
        <Status status={status} />
      </span>
      <span class="soft cut">
        <Dotted
          parts={{
            type: type && <Text max={80}>{type}</Text>,
            object: object && (
              <a href={address([namespace, "buckets", bucket, "objects", object])}>its object</a>
            ),
            reason: reason && <Text max={200}>{reason}</Text>,
          }}
        />
        {retry.error !== undefined && <Failure error={retry.error} />}
      </span>
      <span class="soft">
        <Time at={delivery.updated_at} />
      </span>
      <span>
        {status === "FAILED" && (
          <button type="button" disabled={retry.isRunning} onClick={() => void retry.run()}>
            Try again<span class="unseen"> {id}</span>
          </button>
        )}
      </span>
    </div>
  );
}
