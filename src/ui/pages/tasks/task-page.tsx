/** One task: what goes on, or went on, by itself, and what it is about. */
import { Answered } from "../../answer/answered.js";
import { useAnswer } from "../../answer/use-answer.js";
import { useSoon } from "../../answer/use-soon.js";
import { address } from "../../route/place.js";
import { useLive } from "../../session/live.js";
import { useNamespace } from "../../session/namespace.js";
import { Fields } from "../../show/fields.js";
import { Thing } from "../../show/thing.js";
import { changesTasks, whatOf } from "./tasks.js";

interface TaskPageProps {
  readonly namespace: string;
  readonly task: string;
}

const shownApart = ["task_id", "status", "inputs", "additional_data"];

export function TaskPage({ namespace, task: id }: TaskPageProps) {
  const { tasks } = useNamespace();
  const answer = useAnswer(() => tasks.get(id), [tasks], id);
  const reloadSoon = useSoon(answer.reload);
  useLive((event) => {
    if (changesTasks(event)) reloadSoon();
  });
  return (
    <Answered answer={answer} lines={6}>
      {(task) => (
        <Thing
          name={whatOf(task)}
          status={task.status}
          all={{ href: address([namespace, "tasks"]), label: "All tasks" }}
          isAlone
        >
          <p>
            <code class="soft">{id}</code>
          </p>
          {"bucket_id" in task && (
            <p>
              <a href={address([namespace, "buckets", task.bucket_id])}>Its bucket</a>
              {"batch_id" in task && (
                <>
                  {" · "}
                  <a
                    href={address([namespace, "buckets", task.bucket_id, "batches", task.batch_id])}
                  >
                    its batch
                  </a>
                </>
              )}
            </p>
          )}
          <Fields of={task} apart={shownApart} />
        </Thing>
      )}
    </Answered>
  );
}
