/** The routes of tasks (CONTRACT: buckets). */
import { z } from "zod";
import { limits } from "../../domain/limits.js";
import { parseBody } from "../../domain/schemas.js";
import { ListTasksResponse, TaskAnswer } from "../../service/interface.js";
import { setMoment } from "../headers.js";
import { asOfMoment, defineRoute, type Route } from "../route.js";

const ListBody = z.object({
  limit: z.number().int().nullish().meta({ minimum: 1, maximum: limits.pageSizeMax }),
  offset: z.number().int().nullish().meta({ minimum: 0 }),
});

export const taskRoutes: readonly Route[] = [
  defineRoute({
    method: "GET",
    path: "/v1/tasks/{task_id}",
    operationId: "getTask",
    summary: "Read a task, now or as of a moment",
    permission: "read",
    query: z.strictObject({ as_of: asOfMoment }),
    response: TaskAnswer,
    refusals: [400, 404],
    handle: async ({ context, namespace, params }, { as_of: asOf }) => {
      const task = await namespace.tasks.get(params["task_id"] ?? "", { asOf });
      if (task.as_of !== undefined) setMoment(context, task.as_of);
      context.body = task;
    },
  }),
  defineRoute({
    method: "POST",
    path: "/v1/tasks/list",
    operationId: "listTasks",
    summary: "List tasks, now or as of a moment, newest first",
    permission: "read",
    query: z.strictObject({ as_of: asOfMoment }),
    body: { "application/json": ListBody },
    response: ListTasksResponse,
    refusals: [400, 404, 413, 415, 422],
    handle: async ({ context, namespace, body }, { as_of: asOf }) => {
      const { limit, offset } = parseBody(ListBody, body ?? {});
      const page = await namespace.tasks.list({
        limit: limit ?? undefined,
        offset: offset ?? undefined,
        asOf,
      });
      if (page.as_of !== undefined) setMoment(context, page.as_of);
      context.body = page;
    },
  }),
];
