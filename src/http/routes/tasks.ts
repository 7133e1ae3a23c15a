/** The routes of tasks (CONTRACT: buckets). */
import { z } from "zod";
import { ListTasksResponse, TaskAnswer, TaskCancellation } from "../../api/index.js";
import { statuses } from "../../domain/statuses.js";
import { taskCatalog } from "../../domain/task-list.js";
import { setAsOf } from "../headers.js";
import { readTextHeader } from "../preferences.js";
import { asOfNamespace, defineRoute, noQuery, type Route } from "../route.js";
import { assertUnconditional } from "../write.js";
import { defineList, listRequest } from "./list-body.js";

const ListTasksRequest = listRequest({
  catalog: taskCatalog,
  noun: "task",
  searched: "the id, the type, the error, or what it is about",
}).extend({
  status: z.enum(statuses).nullish(),
  task_type: z.string().nullish().meta({ description: "As answers name it." }),
});

export const taskRoutes: readonly Route[] = [
  defineRoute({
    method: "GET",
    isOfOrganization: true,
    path: "/v1/tasks/{task_id}",
    operationId: "getTask",
    scans: "past",
    summary: "Read a task, now or as of a moment",
    permission: "read",
    query: z.strictObject({ as_of: asOfNamespace }),
    response: TaskAnswer,
    refusals: [400, 404],
    handle: async ({ context, organization, params }, { as_of: asOf }) => {
      const task = await organization.tasks.get(params["task_id"] ?? "", { asOf });
      if (task.as_of !== undefined) setAsOf(context, task.as_of);
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
  defineList({
    isOfOrganization: true,
    path: "/v1/tasks/list",
    operationId: "listTasks",
    summary: "List tasks, now or as of a moment: search, filter, sort, page",
    response: ListTasksResponse,
    request: ListTasksRequest,
    filtersOf: ({ status, task_type }) => ({ status, task_type }),
    list: ({ organization }, query) => organization.tasks.list(query),
  }),
];
