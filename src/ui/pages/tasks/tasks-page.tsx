/** What goes on, or went on, by itself: deleting buckets, and processing batches. */
import type { TaskResponse } from "../../../client/index.js";
import { Empty } from "../../answer/empty.js";
import { Listed } from "../../answer/listed.js";
import { useOffsetPages } from "../../answer/use-offset-pages.js";
import { useSoon } from "../../answer/use-soon.js";
import { address } from "../../route/place.js";
import { useLive } from "../../session/live.js";
import { useNamespace } from "../../session/namespace.js";
import { count, counted } from "../../show/numbers.js";
import { Status } from "../../show/status.js";
import { Text } from "../../show/text.js";
import { Time } from "../../show/time.js";
import { changesTasks, whatOf } from "./tasks.js";

export function TasksPage({ namespace }: { readonly namespace: string }) {
  const { tasks } = useNamespace();
  const pages = useOffsetPages((page) => tasks.list(page), [tasks]);
  const reloadSoon = useSoon(pages.reload);
  useLive((event) => {
    if (changesTasks(event)) reloadSoon();
  });
  return (
    <section class="page" aria-labelledby="tasks-title">
      <div class="title">
        <h1 id="tasks-title">Tasks</h1>
        {pages.total !== undefined && <span class="soft">{count(pages.total)}</span>}
      </div>
      <Listed
        pages={pages}
        label="Tasks"
        rowHeight={41}
        keyOf={({ task_id }) => task_id}
        empty={
          <Empty>
            No task yet: deleting a bucket makes one, and so does submitting a batch of objects.
          </Empty>
        }
      >
        {(task) => <TaskRow namespace={namespace} task={task} />}
      </Listed>
    </section>
  );
}

function TaskRow({ namespace, task }: { readonly namespace: string; readonly task: TaskResponse }) {
  return (
    <a class="task-row one-line" data-row href={address([namespace, "tasks", task.task_id])}>
      <span class="name">
        {whatOf(task)} <Status status={task.status} />
      </span>
      <span class="soft cut">
        <About task={task} />
      </span>
      <span class="number">{counted(task.object_count, "object")}</span>
      <span class="soft">
        <Time at={task.updated_at} />
      </span>
    </a>
  );
}

/** What the task is about. */
function About({ task }: { readonly task: TaskResponse }) {
  switch (task.task_type) {
    case "api_buckets_delete":
      return <Text max={80}>{task.bucket_name}</Text>;
    case "api_namespaces_delete":
      return <Text max={80}>{task.namespace_name}</Text>;
    case "api_buckets_objects_create":
      return <Text max={200}>{task.error}</Text>;
    case "api_buckets_uploads_batch_confirm":
      return <Text max={200}>{task.error ?? counted(task.inputs.length, "upload")}</Text>;
    case "api_buckets_batches_process":
      return (
        <>
          <code>{task.batch_id}</code>
          {task.error !== undefined && (
            <>
              {" · "}
              <Text max={200}>{task.error}</Text>
            </>
          )}
        </>
      );
  }
}
