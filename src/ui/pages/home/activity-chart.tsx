/** How much happened in the week up to the newest event, hour by hour. */
import { useAnswer } from "../../answer/use-answer.js";
import { useNamespace } from "../../session/namespace.js";
import { Bars } from "../../show/plot.js";

const hourMs = 60 * 60 * 1_000;
const hours = 7 * 24;

export function ActivityChart({ newest }: { readonly newest: string | undefined }) {
  const { statistics } = useNamespace();
  const answer = useAnswer(
    async () => {
      if (newest === undefined) return undefined;
      // Whole hours, the last of which holds the newest event.
      const to = (Math.floor(Date.parse(newest) / hourMs) + 1) * hourMs;
      const from = new Date(to - hours * hourMs).toISOString();
      return await statistics.activity({ from, to: new Date(to).toISOString() });
    },
    [statistics, newest],
    "activity",
  );
  if (answer.data === undefined) return null;
  const { from, results } = answer.data;
  const values = Array.from({ length: hours }, () => 0);
  for (const { start, events } of results) {
    values[Math.round((Date.parse(start) - Date.parse(from)) / hourMs)] = events;
  }
  const total = values.reduce((sum, value) => sum + value, 0);
  return <Bars values={values} label={`${total} changes in the week up to the newest, by hour`} />;
}
