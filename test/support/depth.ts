/**
 * Proofs have two lengths. In `npm test` each runs short, which sees what is broken for everyone; in
 * `npm run test:deep` the same code runs long. A file of such proofs ends in `.proof.test.ts`; one that
 * runs in `test:deep` alone ends in `.deep.test.ts`, or lies in `test/deep`.
 */
import { test } from "vitest";

export const isDeep = process.env["BUCKETLOG_DEPTH"] === "deep";

/** Of the deep run alone, in a file of which the rest is of both. */
export const deepTest = test.runIf(isDeep);

export function depth({ smoke, deep }: { readonly smoke: number; readonly deep: number }): number {
  return isDeep ? deep : smoke;
}
