/** Who had access to the store at a moment of the past, by what the log tells of access tokens. */
import { BucketsError } from "../../domain/errors.js";
import { madeAt, opensAt, type TokenState } from "../../domain/token/state.js";
import type { ReadingParts } from "../parts.js";
import { knownPoint, statesOf } from "./namespace-past.js";
import type { AskedPoint } from "./stream-past.js";

const newest = { kind: "position", position: Number.MAX_SAFE_INTEGER } as const;

/**
 * The tokens that opened it then, by their names. Reads every token that there ever was.
 * @throws BAD_REQUEST for what is no moment; NOT_FOUND for what is beyond the end, and for when it is not known.
 */
export async function tokensAt(
  parts: ReadingParts,
  asked: AskedPoint,
): Promise<readonly TokenState[]> {
  const { point, at } = await knownPoint(parts, undefined, asked);
  const ids = await parts.view.idsOf("token");
  const then = await Array.fromAsync(statesOf(parts.events, "token", ids, point));
  const now = await Array.fromAsync(statesOf(parts.events, "token", ids, newest));
  assertTold(now, then, { at, text: asked.text });
  return then
    .filter((token) => opensAt(token, at))
    .sort((a, b) => (a.document.name < b.document.name ? -1 : 1));
}

/**
 * The log was told late of tokens that were there before it told of any: of the time before, it does not know
 * which others there were.
 */
function assertTold(
  now: readonly TokenState[],
  then: readonly TokenState[],
  { at, text }: { readonly at: number; readonly text: string },
): void {
  const begun = new Set(then.map(({ token_id }) => token_id));
  const later = now.filter(
    (token) => token.document.created_at !== undefined && !begun.has(token.token_id),
  );
  const isMissing = later.some((token) => begun.size === 0 || Date.parse(madeAt(token)) <= at);
  if (!isMissing) return;
  const since = later.map(({ created_at }) => created_at).sort()[0];
  throw new BucketsError(
    "NOT_FOUND",
    `Which tokens there were at ${text} is not known: the log tells of them since ${since}.`,
    { resource: "token", known_since: since },
  );
}
