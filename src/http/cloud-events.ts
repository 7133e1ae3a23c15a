/** Events of the feed as CloudEvents 1.0, for systems that take changes from many sources. */
import { z } from "zod";
import { FeedEvent } from "../api/index.js";
import { answeredTime } from "../domain/schemas.js";

/** Receivers may refuse more (CloudEvents 1.0, size limits): a larger event says where it is. */
const eventBytesMax = 64 * 1024;
/** Enough digits for every position, so that texts sort as the numbers do. */
const sequenceDigits = 16;

export const CloudEvent = z.object({
  specversion: z.literal("1.0"),
  id: z.string(),
  source: z.string(),
  type: z.string(),
  time: answeredTime,
  subject: z.string(),
  datacontenttype: z.literal("application/json").optional(),
  /** The position in the log, with leading zeros. */
  sequence: z.string(),
  data: FeedEvent.optional(),
  /** In place of data that would be too large: where its history entry is. */
  dataref: z.string().optional(),
});
type CloudEvent = z.infer<typeof CloudEvent>;

/** The same event gives the same id and source each time, by whatever address it is asked for. */
export function toCloudEvent(event: FeedEvent, basePath: string): CloudEvent {
  const thin = {
    specversion: "1.0",
    id: event.event_id,
    source: `urn:bucketlog:${event.namespace}`,
    type: event.type,
    time: event.recorded_at,
    subject: event.bucket_id,
    sequence: String(event.position).padStart(sequenceDigits, "0"),
  } as const;
  const whole: CloudEvent = { ...thin, datacontenttype: "application/json", data: event };
  if (Buffer.byteLength(JSON.stringify(whole)) <= eventBytesMax) return whole;
  const dataref = `${basePath}/v1/buckets/${event.bucket_id}/history/${event.version}`;
  return { ...thin, dataref };
}
