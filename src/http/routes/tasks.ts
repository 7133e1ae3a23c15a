/** The routes of tasks (CONTRACT: buckets). */
import { z } from "zod";
import { limits } from "../../domain/limits.js";
import { parseBody } from "../../domain/schemas.js";
import { TaskResponse } from "../../domain/task.js";
import { ListTasksResponse } from "../../service/interface.js";
import { setCache } from "../headers.js";
import { defineRoute, noQuery, type Route } from "../route.js";

const ListBody = z.object({
  limit: z.number().int().nullish().meta({ minimum: 1, maximum: limits.pageSizeMax }),
  offset: z.number().int().nullish().meta({ minimum: 0 }),
});

export const taskRoutes: readonly Route[] = [
  defineRoute({
    method: "GET",
    path: "/v1/tasks/{task_id}",
    operationId: "getTask",
    summary: "Read a task",
    permission: "read",
    query: noQuery,
    response: TaskResponse,
    refusals: [400, 404],
    handle: async ({ context, namespace, params }) => {
      setCache(context, "none");
      context.body = await namespace.tasks.get(params["task_id"] ?? "");
    },
  }),
  defineRoute({
    method: "POST",
    path: "/v1/tasks/list",
    operationId: "listTasks",
    summary: "List tasks, newest first",
    permission: "read",
    query: noQuery,
    body: { "application/json": ListBody },
    response: ListTasksResponse,
    refusals: [400, 413, 415, 422],
    handle: async ({ context, namespace, body }) => {
      const { limit, offset } = parseBody(ListBody, body ?? {});
      setCache(context, "none");
      context.body = await namespace.tasks.list({
        limit: limit ?? undefined,
        offset: offset ?? undefined,
      });
    },
  }),
];
