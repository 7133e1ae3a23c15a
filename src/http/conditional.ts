/** Conditional requests (RFC 9110 section 13) over the tags of CONTRACT: writing with care. */
import { BucketsError } from "../domain/errors.js";
import type { Precondition } from "../eventstore/store.js";

interface EntityTag {
  readonly isWeak: boolean;
  /** Without quotes. */
  readonly value: string;
}

type EntityTags = readonly EntityTag[] | "*";

const listPattern = /^\s*(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"\s*(?:,|$)/;
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

/** True when a GET may be answered with 304: weak comparison of the whole tag (section 13.1.2). */
export function isNotModified(ifNoneMatch: EntityTags | undefined, tag: string): boolean {
  return ifNoneMatch === "*" || ifNoneMatch?.some(({ value }) => value === tag) === true;
}

/** @throws BAD_REQUEST for a header that is no list of entity tags. */
export function readIfNoneMatch(header: string | undefined): EntityTags | undefined {
  return header === undefined ? undefined : parseTags(header, "If-None-Match");
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
    const match = listPattern.exec(rest);
    if (match === null) {
      throw new BucketsError(
        "BAD_REQUEST",
        `${name} is no list of entity tags: send them in quotes, as in ${name}: "12.0".`,
      );
    }
    tags.push({ isWeak: match[1] !== undefined, value: match[2] ?? "" });
    rest = rest.slice(match[0].length);
  }
  return tags;
}
