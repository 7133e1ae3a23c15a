/**
 * What became of a store that clients wrote to while something happened to it: its file against their
 * journal, their answers against each other, and its own verify.
 */
import { check } from "./checker.js";
import { checkHistory } from "./history.js";
import { Inspectors } from "./inspect.js";
import type { Ended } from "./journal.js";

interface Judged {
  readonly dist: string;
  readonly file: string;
  /** What the clients said that they did, and what they were told. */
  readonly attempts: readonly Ended[];
  /** What else was asked of the store, whose outcome nobody noted. */
  readonly others?: readonly Ended[];
}

interface Judgement {
  /** What must not be: empty when all is well. */
  readonly faults: readonly string[];
  readonly events: number;
  /** Acknowledged writes that are not in the log. */
  readonly lost: number;
  readonly unknown: number;
  /** What each part tells of its clients. */
  readonly figures: Readonly<Record<string, number>>;
}

/** @param judged of a store whose service has ended. */
export async function judge({ dist, file, attempts, others = [] }: Judged): Promise<Judgement> {
  const verdict = check({ file, attempts: [...attempts, ...others] });
  await using inspectors = await Inspectors.start(dist, 1);
  const found = await inspectors.look({ file });
  return {
    faults: [
      ...(found.state === "good" ? [] : [`it does not verify: ${JSON.stringify(found)}`]),
      ...verdict.faults,
      ...checkHistory(attempts),
    ],
    events: verdict.events,
    lost: verdict.lost,
    unknown: attempts.filter(({ outcome }) => outcome === "unknown").length,
    figures: {
      "attempts of clients": attempts.length,
      "acknowledged writes lost": verdict.lost,
    },
  };
}
