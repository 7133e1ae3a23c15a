/** The memory that one request has of the budget: first for its body, then for its answer. */
import { limits } from "../domain/limits.js";
import type { Budget, Share } from "./budget.js";
import type { HttpContext, Route } from "./route.js";

/** A page, and its text. */
const pageBytes = 2 * limits.pageBytesMax;

export class RequestMemory {
  readonly #budget: Budget;
  readonly #context: HttpContext;
  #body: Share | undefined;
  #answer: Share | undefined;

  constructor(budget: Budget, context: HttpContext) {
    this.#budget = budget;
    this.#context = context;
  }

  /** @throws OVERLOADED */
  async takeForBody(route: Pick<Route, "body" | "bodyBytesMax" | "takesBytes">): Promise<void> {
    if (route.body === undefined || route.takesBytes === true) return;
    const { headers } = this.#context.req;
    const max = route.bodyBytesMax ?? limits.jsonBodyBytesMax;
    const bytes =
      headers["transfer-encoding"] === undefined ? Number(headers["content-length"] ?? 0) : max;
    if (bytes >= limits.countedBytesMin) this.#body = await this.#take(Math.min(bytes, max));
  }

  /** For an answer whose size nobody knows before it is made. @throws OVERLOADED */
  async takeForPage(): Promise<void> {
    this.#answer = await this.#take(pageBytes);
  }

  /** The body is done with, and the answer is as large as it is. @throws OVERLOADED */
  async settle(): Promise<void> {
    this.#body?.release();
    const { length } = this.#context.response;
    // One that is streamed is never in memory as a whole, but a part of it is.
    if (typeof length !== "number") return;
    if (this.#answer !== undefined) this.#answer.shrinkTo(length);
    else if (length >= limits.countedBytesMin) this.#answer = await this.#take(length);
  }

  async #take(bytes: number): Promise<Share> {
    const share = await this.#budget.take(bytes);
    const { res } = this.#context;
    if (res.destroyed) share.release();
    else res.once("close", () => share.release());
    return share;
  }
}
