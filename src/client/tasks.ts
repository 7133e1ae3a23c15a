/** The tasks of one namespace, over HTTP. */
import { toJson } from "../domain/json.js";
import {
  ListTasksResponse,
  TaskAnswer,
  type TaskListQuery,
  type Tasks,
} from "../service/interface.js";
import { type Place, placeHeaders, segment } from "./request.js";
import type { Transport } from "./transport.js";

export class RemoteTasks implements Tasks {
  readonly #transport: Transport;
  readonly #place: Place;

  constructor(transport: Transport, place: Place) {
    this.#transport = transport;
    this.#place = place;
  }

  async get(
    taskId: string,
    { asOf }: { readonly asOf?: string | undefined } = {},
  ): Promise<TaskAnswer> {
    const path = `/v1/tasks/${segment(taskId)}`;
    const headers = placeHeaders(this.#place);
    const call = { kind: "read", method: "GET", path, query: { as_of: asOf }, headers } as const;
    return (await this.#transport.json(call, TaskAnswer)).body;
  }

  async list({ limit, offset, asOf }: TaskListQuery = {}): Promise<ListTasksResponse> {
    const path = "/v1/tasks/list";
    const headers = placeHeaders(this.#place);
    const json = toJson({ limit, offset });
    const query = { as_of: asOf };
    const call = { kind: "read", method: "POST", path, query, headers, json } as const;
    return (await this.#transport.json(call, ListTasksResponse)).body;
  }
}
