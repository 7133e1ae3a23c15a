/** Statistics over time, over HTTP. */
import type {
  ActivityAnswer,
  ActivityQuery,
  Statistics,
  StatisticsHistoryAnswer,
  StatisticsHistoryQuery,
} from "../api/index.js";
import { segment } from "./place.js";
import type { Requests } from "./requests.js";
import { answerWith } from "./shapes.js";

const Activity = answerWith<ActivityAnswer>({ results: "list", step_seconds: "number" });
const History = answerWith<StatisticsHistoryAnswer>({ results: "list" });

export class RemoteStatistics implements Statistics {
  readonly #requests: Requests;

  constructor(requests: Requests) {
    this.#requests = requests;
  }

  async activity(query: ActivityQuery = {}): Promise<ActivityAnswer> {
    return await this.#requests.get("/v1/stats/activity", { ...query }, Activity);
  }

  async history(
    bucket: string,
    query: StatisticsHistoryQuery = {},
  ): Promise<StatisticsHistoryAnswer> {
    const path = `/v1/buckets/${segment(bucket)}/stats/history`;
    return await this.#requests.get(path, { ...query }, History);
  }
}
