/** Conditional requests (RFC 9110 section 13) over the tags of CONTRACT: writing with care. */
import { BucketsError } from "../domain/errors.js";
import type { Precondition } from "../domain/precondition.js";
import type { HttpContext } from "./route.js";

interface EntityTag {
  readonly isWeak: boolean;
  /** Without quotes. */
  readonly value: string;
}

type EntityTags = readonly EntityTag[] | "*";

/** An element of a list, which may be empty (RFC 9110 section 5.6.1.2), and the comma after it. */
const elementPattern = /^\s*(?:(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"\s*)?(?:,|$)/;
/** The version, the position of statistics, and letters for what has lapsed since. */
const versionPattern = /^([1-9][0-9]{0,15})(?:\.[0-9]+)?(?:\.[a-z])*$/;

/**
 * What a write requires. `If-Match` compares the version part of the tags, because it protects the
 * configuration that is being written, not the object count; weak and foreign tags match nothing.
 *
 * @throws BAD_REQUEST for a header that is no list of entity tags.
 */
export function readPrecondition(
  headers: { readonly ifMatch: string | undefined; readonly ifNoneMatch: string | undefined },
  isRequired: boolean,
): Precondition {
  return {
    ifMatch: versionsOf(headers.ifMatch, "If-Match", (tag) => !tag.isWeak),
    ifNoneMatch: versionsOf(headers.ifNoneMatch, "If-None-Match", () => true),
    isRequired,
  };
}

/** The request headers that a read with a tag of its own heeds. */
export const readConditions = ["If-Match", "If-None-Match"] as const;

/**
 * What a GET or HEAD requires. Reads have no lost update to prevent, so that whole tags are compared:
 * strongly for `If-Match` (section 13.1.1), weakly for `If-None-Match` (section 13.1.2).
 */
export interface ReadCondition {
  readonly ifMatch: EntityTags | undefined;
  readonly ifNoneMatch: EntityTags | undefined;
}

/** @throws BAD_REQUEST for a header that is no list of entity tags. */
export function readCondition({ headers }: Pick<HttpContext, "headers">): ReadCondition {
  const { "if-match": ifMatch, "if-none-match": ifNoneMatch } = headers;
  return {
    // An empty header is not the same as none: an empty If-Match matches nothing.
    ifMatch: ifMatch === undefined ? undefined : parseTags(ifMatch, "If-Match"),
    ifNoneMatch: ifNoneMatch === undefined ? undefined : parseTags(ifNoneMatch, "If-None-Match"),
  };
}

/**
 * True when a read is to be answered with 304. To be asked before any Range (section 13.2.2).
 * @throws PRECONDITION_FAILED when `If-Match` does not hold.
 */
export function isNotModified(condition: ReadCondition, tag: string): boolean {
  assertMatches(condition, tag);
  const { ifNoneMatch } = condition;
  return ifNoneMatch === "*" || ifNoneMatch?.some(({ value }) => value === tag) === true;
}

/**
 * @param tag of what is read; undefined for what has none, which only `*` matches.
 * @throws PRECONDITION_FAILED when `If-Match` does not hold.
 */
export function assertMatches(
  { ifMatch }: Pick<ReadCondition, "ifMatch">,
  tag: string | undefined,
): void {
  const isMatched =
    ifMatch === undefined ||
    ifMatch === "*" ||
    ifMatch.some(({ isWeak, value }) => !isWeak && value === tag);
  if (isMatched) return;
  throw new BucketsError(
    "PRECONDITION_FAILED",
    tag === undefined
      ? "What is read here has no entity tag: leave If-Match out."
      : `Your If-Match does not hold: the entity tag is "${tag}".`,
    tag === undefined ? {} : { current_tag: tag },
  );
}

/** @throws PRECONDITION_FAILED for any `If-Match`: what is new has no tag yet (section 13.1.1). */
export function assertMakesNew({ headers }: Pick<HttpContext, "headers">): void {
  if (headers["if-match"] === undefined) return;
  throw new BucketsError(
    "PRECONDITION_FAILED",
    "Your If-Match does not hold: this makes something new. Leave it out.",
  );
}

function versionsOf(
  header: string | undefined,
  name: string,
  counts: (tag: EntityTag) => boolean,
): readonly number[] | "*" | undefined {
  if (header === undefined) return undefined;
  const tags = parseTags(header, name);
  if (tags === "*") return "*";
  return tags.filter(counts).flatMap(({ value }) => {
    const version = versionPattern.exec(value)?.[1];
    return version === undefined ? [] : [Number(version)];
  });
}

function parseTags(header: string, name: string): EntityTags {
  if (header.trim() === "*") return "*";
  const tags: EntityTag[] = [];
  for (let rest = header; rest.trim() !== ""; ) {
    const match = elementPattern.exec(rest);
    if (match === null) {
      throw new BucketsError(
        "BAD_REQUEST",
        `${name} is no list of entity tags: send them in quotes, as in ${name}: "12.0".`,
      );
    }
    if (match[2] !== undefined) tags.push({ isWeak: match[1] !== undefined, value: match[2] });
    rest = rest.slice(match[0].length);
  }
  return tags;
}
