/** An event in two lines: what happened to what, and when; who did it, and why. */
import type { FeedEvent } from "../../client/index.js";
import { address } from "../route/place.js";
import { useBucketNames } from "../session/bucket-names.js";
import { Actor } from "./actor.js";
import { deedOf } from "./deeds.js";
import { Text } from "./text.js";
import { Time } from "./time.js";

interface EventLineProps {
  readonly event: FeedEvent;
  /** Whether it came in while the page was open. */
  readonly isFresh?: boolean;
}

export function EventLine({ event, isFresh = false }: EventLineProps) {
  const { bucket_id: bucket, reason } = event;
  const names = useBucketNames([bucket]);
  return (
    <article class={isFresh ? "event-line fresh" : "event-line"}>
      <a class="event-deed" data-row href={hrefOf(event)}>
        <strong>
          <Text max={80}>{bucket === "" ? event.namespace : (names.get(bucket) ?? bucket)}</Text>
        </strong>{" "}
        {deedOf(event)}
      </a>
      <span class="event-when soft">
        <Time at={event.recorded_at} />
      </span>
      <span class="event-why soft">
        <Actor name={event.actor} />
        {reason !== undefined && (
          <>
            {" "}
            <Text max={200}>{reason}</Text>
          </>
        )}
      </span>
    </article>
  );
}

/** What the event happened to, as it was then; of what was deleted, as it was last. */
function hrefOf(event: FeedEvent): string {
  const { namespace, bucket_id: bucket, position, type, version } = event;
  const below = memberOf(event);
  const moment = type.startsWith("bucket.") ? String(version) : `@${position}`;
  const query = type.endsWith(".deleted") ? {} : { as_of: moment };
  if (bucket !== "") return address([namespace, "buckets", bucket, ...below], query);
  if (!("connection_id" in event)) return address([namespace, "activity"]);
  return address([namespace, "connections", event.connection_id]);
}

/** What it is in its bucket: nothing for the bucket itself. */
function memberOf(event: FeedEvent): readonly string[] {
  if ("object_id" in event) return ["objects", event.object_id];
  if ("batch_id" in event) return ["batches", event.batch_id];
  if ("upload_id" in event) return ["uploads", event.upload_id];
  return "delivery_id" in event ? ["deliveries", event.delivery_id] : [];
}
