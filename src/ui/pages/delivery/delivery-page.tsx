/** One delivery to the source adapter of a bucket: what became of it; one that failed is tried again. */
import { Answered } from "../../answer/answered.js";
import { DeedButtons } from "../../answer/deeds.js";
import { useAnswer } from "../../answer/use-answer.js";
import { address } from "../../route/place.js";
import { useNamespace } from "../../session/namespace.js";
import { Fields } from "../../show/fields.js";
import { Text } from "../../show/text.js";
import { Thing } from "../../show/thing.js";
import { BucketFrame } from "../bucket/bucket-frame.js";
import { useBucket } from "../bucket/use-bucket.js";

interface DeliveryPageProps {
  readonly namespace: string;
  readonly bucket: string;
  readonly delivery: string;
}

export function DeliveryPage({ namespace, bucket, delivery }: DeliveryPageProps) {
  return (
    <BucketFrame namespace={namespace} bucket={bucket} tab="deliveries">
      <DeliveryOf delivery={delivery} />
    </BucketFrame>
  );
}

const shownApart = ["delivery_id", "bucket_id", "status", "reason", "object_id"];

function DeliveryOf({ delivery: id }: { readonly delivery: string }) {
  const { id: bucket, namespace, round } = useBucket();
  const adapter = useNamespace().sourceAdapter(bucket);
  const answer = useAnswer(() => adapter.delivery(id), [namespace, bucket, round], id);
  const again = {
    label: "Try again",
    says: "It is mapped once more, with the configuration and the schema of now.",
    write: (reason: string) => adapter.replay(id, { reason }),
  };
  return (
    <Answered answer={answer} lines={8}>
      {(delivery) => (
        <Thing
          name={id}
          status={delivery.status}
          all={{
            href: address([namespace, "buckets", bucket, "deliveries"]),
            label: "All deliveries",
          }}
          actions={
            delivery.status === "FAILED" && (
              <DeedButtons name="the delivery" deeds={[again]} reload={answer.reload} />
            )
          }
        >
          {delivery.reason !== undefined && (
            <p class="note warning">
              <Text>{delivery.reason}</Text>
            </p>
          )}
          {delivery.object_id !== undefined && (
            <p>
              It made or changed the object{" "}
              <a href={address([namespace, "buckets", bucket, "objects", delivery.object_id])}>
                {delivery.object_id}
              </a>
            </p>
          )}
          <Fields of={delivery} apart={shownApart} />
        </Thing>
      )}
    </Answered>
  );
}
