/** Everything that arrived and is not confirmed yet, looked at in slices: there may be very much. */

import { nextTurn } from "../timers.js";
import type { ReceivedRow, ReceivedTable } from "./received-table.js";

/** Each takes a few milliseconds with the uploads that it is about. */
const sliceSize = 250;

export async function* receivedRows(
  received: Pick<ReceivedTable, "after">,
): AsyncIterable<readonly ReceivedRow[]> {
  let last: ReceivedRow | undefined;
  for (;;) {
    const rows = await received.after(last?.uploadId ?? "", sliceSize);
    if (rows.length > 0) yield rows;
    if (rows.length < sliceSize) return;
    last = rows.at(-1);
    await nextTurn();
  }
}
