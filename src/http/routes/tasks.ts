/** The routes of tasks (CONTRACT: buckets). */
import { z } from "zod";
import { ListTasksResponse, TaskAnswer, TaskCancellation } from "../../api/index.js";
import { limits } from "../../domain/limits.js";
import { parseBody } from "../../domain/schemas.js";
import { setMoment } from "../headers.js";
import { readTextHeader } from "../preferences.js";
import { asOfMoment, defineRoute, noQuery, type Route } from "../route.js";
import { assertUnconditional } from "../write.js";

const ListBody = z.object({
  limit: z.number().int().nullish().meta({ minimum: 1, maximum: limits.pageSizeMax }),
  offset: z.number().int().nullish().meta({ minimum: 0 }),
});

export const taskRoutes: readonly Route[] = [
  defineRoute({
    method: "GET",
    isOfOrganization: true,
    path: "/v1/tasks/{task_id}",
    operationId: "getTask",
    summary: "Read a task, now or as of a moment",
    permission: "read",
    query: z.strictObject({ as_of: asOfMoment }),
    response: TaskAnswer,
    refusals: [400, 404],
    handle: async ({ context, organization, params }, { as_of: asOf }) => {
      const task = await organization.tasks.get(params["task_id"] ?? "", { asOf });
      if (task.as_of !== undefined) setMoment(context, task.as_of);
      context.body = task;
    },
  }),
  defineRoute({
    method: "DELETE",
    isOfOrganization: true,
    path: "/v1/tasks/{task_id}",
    operationId: "cancelTask",
    summary: "Cancel what a task still does; what has ended stays as it is",
    permission: "write",
    query: noQuery,
    response: TaskCancellation,
    refusals: [400, 404, 423, 507],
    handle: async ({ context, organization, params }) => {
      assertUnconditional(context);
      const reason = readTextHeader("X-Reason", context.get("X-Reason") || undefined);
      context.body = await organization.tasks.cancel(params["task_id"] ?? "", { reason });
    },
  }),
  defineRoute({
    method: "POST",
    isOfOrganization: true,
    path: "/v1/tasks/list",
    operationId: "listTasks",
    scans: true,
    summary: "List tasks, now or as of a moment, newest first",
    permission: "read",
    query: z.strictObject({ as_of: asOfMoment }),
    body: { "application/json": ListBody },
    examples: { "application/json": { limit: 20 } },
    response: ListTasksResponse,
    refusals: [400, 404, 413, 415, 422],
    handle: async ({ context, organization, body }, { as_of: asOf }) => {
      const { limit, offset } = parseBody(ListBody, body ?? {});
      const page = await organization.tasks.list({
        limit: limit ?? undefined,
        offset: offset ?? undefined,
        asOf,
      });
      if (page.as_of !== undefined) setMoment(context, page.as_of);
      context.body = page;
    },
  }),
];
