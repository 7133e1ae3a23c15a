/** `X-Clock-Skew`: that the newest event is ahead of the clock, on every answer while it is. */
import type { EmbeddedStore } from "../api/index.js";
import { skewTaken } from "../domain/clock-skew.js";

/** In seconds, as far as it is more than clocks may differ by. */
export function clockSkewOf(store: Pick<EmbeddedStore, "clockSkewMs">): string | undefined {
  try {
    const skewMs = store.clockSkewMs();
    return skewMs > skewTaken ? (skewMs / 1_000).toFixed(3) : undefined;
  } catch {
    // Whatever keeps the log from being read is for the routes to tell of.
    return undefined;
  }
}
