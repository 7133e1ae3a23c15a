/** Which buckets have changed since a moment, for a list that is shown as of then. */
import type { Namespace } from "../../../client/index.js";
import { useAnswer } from "../../answer/use-answer.js";

const pageMax = 1_000;
const nothing: ReadonlySet<string> = new Set();

/** @param asOf undefined for now, since when nothing has. */
export function useChangedSince(
  { buckets }: Namespace,
  asOf: string | undefined,
): ReadonlySet<string> {
  const answer = useAnswer(async () => {
    if (asOf === undefined) return nothing;
    const { as_of: moment } = await buckets.list({ asOf, limit: 1 });
    const value = moment?.recorded_at;
    if (value === undefined) return nothing;
    const filters = { field: "updated_at", operator: "gt", value } as const;
    const { results } = await buckets.list({ filters, limit: pageMax });
    return new Set(results.map(({ bucket_id: id }) => id));
  }, [buckets, asOf]);
  return answer.data ?? nothing;
}
