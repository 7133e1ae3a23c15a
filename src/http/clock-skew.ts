/** `X-Clock-Skew`: that the newest event is ahead of the clock, on every answer while it is. */
import type { Middleware } from "koa";
import type { EmbeddedStore } from "../api/index.js";
import { skewTaken } from "../domain/clock-skew.js";
import type { RequestState } from "./route.js";

/** In seconds, as far as it is more than clocks may differ by. */
export function tellClockSkew(store: Pick<EmbeddedStore, "clockSkewMs">): Middleware<RequestState> {
  return async function tellClockSkew(context, next) {
    const skewMs = await skewOf(store);
    if (skewMs > skewTaken) context.set("X-Clock-Skew", (skewMs / 1_000).toFixed(3));
    await next();
  };
}

/** Whatever keeps the log from being read is for the routes to tell of. */
async function skewOf(store: Pick<EmbeddedStore, "clockSkewMs">): Promise<number> {
  try {
    return await store.clockSkewMs();
  } catch {
    return 0;
  }
}
