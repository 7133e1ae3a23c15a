/**
 * The end of the log, checked when it is opened: what is written next is tied to it, and a crash, a bad disk
 * or a hand that changed something has mostly been there.
 */
import type { Fault } from "../../domain/reports.js";
import { ChainCheck } from "../../eventstore/verify.js";
import type { LogReader } from "./log-sql.js";

/** So many events cost some 20 ms. */
const tailEvents = 1_000;

/** The first thing that is wrong with the last events, on one state of the file. */
export function findTailFault(log: LogReader): Fault | undefined {
  const head = log.head();
  const first = Math.max(0, head.position - tailEvents);
  const [before] = first === 0 ? [] : log.logAfter(first - 1, 1);
  if (first > 0 && before?.position !== first) {
    return { position: first, problem: "the event is missing" };
  }
  const chain = new ChainCheck(before);
  for (;;) {
    const rows = log.logAfter(chain.position, tailEvents);
    for (const row of rows) {
      const fault = chain.next(row);
      if (fault !== undefined) return fault;
    }
    if (rows.length === 0) return chain.end(head);
  }
}
