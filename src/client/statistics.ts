/** Statistics over time, over HTTP. */
import {
  ActivityAnswer,
  type ActivityQuery,
  type Statistics,
  StatisticsHistoryAnswer,
  type StatisticsHistoryQuery,
} from "../api/index.js";
import { segment } from "./place.js";
import type { Requests } from "./requests.js";

export class RemoteStatistics implements Statistics {
  readonly #requests: Requests;

  constructor(requests: Requests) {
    this.#requests = requests;
  }

  async activity(query: ActivityQuery = {}): Promise<ActivityAnswer> {
    return await this.#requests.get("/v1/stats/activity", { ...query }, ActivityAnswer);
  }

  async history(
    bucket: string,
    query: StatisticsHistoryQuery = {},
  ): Promise<StatisticsHistoryAnswer> {
    const path = `/v1/buckets/${segment(bucket)}/stats/history`;
    return await this.#requests.get(path, { ...query }, StatisticsHistoryAnswer);
  }
}
