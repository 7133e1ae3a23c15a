/** The tasks of one namespace, over HTTP. */
import { toJson } from "../domain/json.js";
import { TaskResponse } from "../domain/task.js";
import { ListTasksResponse, type TaskListQuery, type Tasks } from "../service/interface.js";
import { type Place, placeHeaders, segment } from "./request.js";
import type { Transport } from "./transport.js";

export class RemoteTasks implements Tasks {
  readonly #transport: Transport;
  readonly #place: Place;

  constructor(transport: Transport, place: Place) {
    this.#transport = transport;
    this.#place = place;
  }

  async get(taskId: string): Promise<TaskResponse> {
    const path = `/v1/tasks/${segment(taskId)}`;
    const headers = placeHeaders(this.#place);
    const call = { kind: "read", method: "GET", path, headers } as const;
    return (await this.#transport.json(call, TaskResponse)).body;
  }

  async list({ limit, offset }: TaskListQuery = {}): Promise<ListTasksResponse> {
    const path = "/v1/tasks/list";
    const headers = placeHeaders(this.#place);
    const json = toJson({ limit, offset });
    const call = { kind: "read", method: "POST", path, headers, json } as const;
    return (await this.#transport.json(call, ListTasksResponse)).body;
  }
}
