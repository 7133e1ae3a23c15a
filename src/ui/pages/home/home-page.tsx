/** The buckets of the namespace, and what happened in it lately. */
import { useState } from "preact/hooks";
import type { FeedEvent } from "../../../client/index.js";
import { useAnswer } from "../../answer/use-answer.js";
import { useLive } from "../../session/live.js";
import { useSession } from "../../session/session.js";
import { newestEvents } from "../activity/newest-events.js";
import { BucketList } from "./bucket-list.js";
import { Lately } from "./lately.js";

/** So many that the buckets that were changed lately are among them. */
const eventsWanted = 200;

export function HomePage({ namespace }: { readonly namespace: string }) {
  const { store } = useSession();
  const [arrived, setArrived] = useState<readonly FeedEvent[]>([]);
  const answer = useAnswer(
    () => newestEvents(store, { namespace, count: eventsWanted }),
    [store, namespace],
    namespace,
  );
  useLive((event) => setArrived((last) => [event, ...last].slice(0, eventsWanted)));
  const known = answer.data?.events ?? [];
  const newest = known[0]?.position ?? 0;
  const fresh = arrived.filter((event) => event.position > newest && event.namespace === namespace);
  return (
    <div class="home">
      <BucketList namespace={namespace} events={[...fresh, ...known]} />
      <Lately namespace={namespace} answer={answer} fresh={fresh} />
    </div>
  );
}
