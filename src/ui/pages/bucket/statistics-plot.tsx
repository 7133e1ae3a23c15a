/** What the bucket held over time; nothing while that never changed. */
import { useAnswer } from "../../answer/use-answer.js";
import { useNamespace } from "../../session/namespace.js";
import { counted, size } from "../../show/numbers.js";
import { Steps } from "../../show/plot.js";
import { useBucket } from "./use-bucket.js";

export function StatisticsPlot() {
  const { id, round } = useBucket();
  const { statistics } = useNamespace();
  const answer = useAnswer(() => statistics.history(id), [statistics, id, round], id);
  if (answer.data === undefined || answer.data.results.length < 2) return null;
  const { from, to, results } = answer.data;
  const pointsOf = (value: (result: (typeof results)[number]) => number) =>
    results.map((result) => ({ at: Date.parse(result.at), value: value(result) }));
  const range = { from: Date.parse(from), to: Date.parse(to) };
  const last = results.at(-1);
  return (
    <div class="plots">
      <Steps
        {...range}
        points={pointsOf(({ object_count }) => object_count)}
        label={`objects over time, now ${counted(last?.object_count ?? 0, "object")}`}
      />
      <Steps
        {...range}
        points={pointsOf(({ total_size_bytes }) => total_size_bytes)}
        label={`size over time, now ${size(last?.total_size_bytes ?? 0)}`}
      />
    </div>
  );
}
