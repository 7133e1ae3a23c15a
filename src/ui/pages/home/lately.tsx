/** The newest events of the namespace; new ones come in at the top. */
import type { FeedEvent } from "../../../client/index.js";
import { Answered } from "../../answer/answered.js";
import { Empty } from "../../answer/empty.js";
import type { Answer } from "../../answer/use-answer.js";
import { address } from "../../route/place.js";
import { EventLine } from "../../show/event-line.js";
import type { NewestEvents } from "../activity/newest-events.js";
import { ActivityChart } from "./activity-chart.js";

const shownMax = 15;

interface LatelyProps {
  readonly namespace: string;
  readonly answer: Answer<NewestEvents>;
  /** Those that came in while the page was open, newest first. */
  readonly fresh: readonly FeedEvent[];
}

export function Lately({ namespace, answer, fresh }: LatelyProps) {
  return (
    <section class="home-lately" aria-labelledby="lately-title">
      <div class="title">
        <h2 id="lately-title">Lately</h2>
        <span class="grow" />
        <a href={address([namespace, "activity"])}>All activity</a>
      </div>
      <Answered answer={answer} lines={10}>
        {({ events }) => {
          const shown = [...fresh, ...events].slice(0, shownMax);
          if (shown.length === 0) return <Empty>Nothing has happened here yet.</Empty>;
          return (
            <>
              <ActivityChart newest={shown[0]?.recorded_at} />
              <ol>
                {shown.map((event) => (
                  <li key={event.event_id}>
                    <EventLine event={event} isFresh={fresh.includes(event)} />
                  </li>
                ))}
              </ol>
            </>
          );
        }}
      </Answered>
    </section>
  );
}
