/** Who had access to the store at a moment of the past, by what the log tells of access tokens. */
import { BucketsError } from "../../domain/errors.js";
import { madeAt, opensAt, type TokenState } from "../../domain/token/state.js";
import type { ReadingParts } from "../parts.js";
import { knownPoint, statesOf } from "./namespace-past.js";
import type { AskedPoint } from "./stream-past.js";

const newest = { kind: "position", position: Number.MAX_SAFE_INTEGER } as const;

/**
 * The tokens that opened it then, by their names. Reads every token that there ever was, and keeps those.
 * @throws BAD_REQUEST for what is no moment; NOT_FOUND for what is beyond the end, and for when it is not known.
 */
export async function tokensAt(
  parts: ReadingParts,
  asked: AskedPoint,
): Promise<readonly TokenState[]> {
  const { point, at } = await knownPoint(parts, undefined, asked);
  const ids = await parts.view.idsOf("token");
  const begun = new Set<string>();
  const opening: TokenState[] = [];
  for await (const token of statesOf(parts.events, "token", ids, point)) {
    begun.add(token.token_id);
    if (opensAt(token, at)) opening.push(token);
  }
  await assertTold(statesOf(parts.events, "token", ids, newest), begun, { at, text: asked.text });
  return opening.sort((a, b) => (a.document.name < b.document.name ? -1 : 1));
}

/**
 * The log was told late of tokens that were there before it told of any: of the time before, it does not know
 * which others there were.
 */
async function assertTold(
  now: AsyncIterable<TokenState>,
  begun: ReadonlySet<string>,
  { at, text }: { readonly at: number; readonly text: string },
): Promise<void> {
  let since: string | undefined;
  let isMissing = false;
  for await (const token of now) {
    if (token.document.created_at === undefined || begun.has(token.token_id)) continue;
    if (since === undefined || token.created_at < since) since = token.created_at;
    isMissing ||= begun.size === 0 || Date.parse(madeAt(token)) <= at;
  }
  if (!isMissing) return;
  throw new BucketsError(
    "NOT_FOUND",
    `Which tokens there were at ${text} is not known: the log tells of them since ${since}.`,
    { resource: "token", known_since: since },
  );
}
