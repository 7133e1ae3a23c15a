/** What the bucket holds: then, with what it holds now beside it. */
import { useAnswer } from "../../answer/use-answer.js";
import { useNamespace } from "../../session/namespace.js";
import { counted, size } from "../../show/numbers.js";
import { Time } from "../../show/time.js";
import { StatisticsPlot } from "./statistics-plot.js";
import { useBucket } from "./use-bucket.js";

export function Statistics() {
  const { id, read, asOf, deletion, round } = useBucket();
  const { buckets } = useNamespace();
  const isPast = asOf !== undefined && deletion === undefined;
  const now = useAnswer(
    async () => (isPast ? (await buckets.get(id)).bucket : undefined),
    [buckets, id, isPast, round],
    id,
  ).data;
  const { bucket } = read;
  const objects = counted(bucket.object_count, "object");
  const bytes = size(bucket.total_size_bytes);
  return (
    <>
      <h2 class="quiet">{isPast ? "Statistics then" : "Statistics"}</h2>
      <dl class="pairs statistics">
        <div>
          <dt>holds</dt>
          <dd>
            {objects}, {bytes}
            {now !== undefined && (
              <span class="soft">
                {" "}
                · now {counted(now.object_count, "object")}, {size(now.total_size_bytes)}
              </span>
            )}
          </dd>
        </div>
        <div>
          <dt>batches</dt>
          <dd>
            {bucket.batch_stats.total === 0
              ? "none"
              : `${counted(bucket.batch_stats.active, "active", "active")}, ${bucket.batch_stats.completed} completed, ${bucket.batch_stats.failed} failed`}
          </dd>
        </div>
        <div>
          <dt>made</dt>
          <dd>
            <Time at={bucket.created_at} isExact />
          </dd>
        </div>
        <div>
          <dt>changed</dt>
          <dd>
            <Time at={bucket.updated_at} isExact />
          </dd>
        </div>
      </dl>
      <StatisticsPlot />
    </>
  );
}
