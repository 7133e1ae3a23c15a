/** The request headers that say how to write: Prefer, X-Reason, Idempotency-Key, as options. */
import { BucketsError } from "../domain/errors.js";

export interface Preferences {
  readonly isMinimal: boolean;
  /** Undefined where the request does not say. */
  readonly isStrict: boolean | undefined;
  /** The preferences that are honoured, for `Preference-Applied` (RFC 7240 section 3). */
  readonly applied: string;
}

const noPreferences: Preferences = { isMinimal: false, isStrict: undefined, applied: "" };

/**
 * Reads `Prefer`; of a preference that is repeated the first counts, unknown ones are ignored.
 * @param alwaysShows for answers whose body is never left out: `return` is not honoured there.
 */
export function readPreferences(header: string | undefined, alwaysShows = false): Preferences {
  if (header === undefined || header === "") return noPreferences;
  const preferences = new Map<string, string>();
  for (const preference of header.split(",")) {
    const [token = ""] = preference.split(";");
    const [name = "", value = ""] = token.split("=");
    const key = name.trim().toLowerCase();
    if (!preferences.has(key)) preferences.set(key, value.trim().replace(/^"(.*)"$/, "$1"));
  }
  const returns = alwaysShows ? undefined : preferences.get("return");
  const handling = preferences.get("handling");
  const applied = [
    ...(returns === "minimal" || returns === "representation" ? [`return=${returns}`] : []),
    ...(handling === "strict" || handling === "lenient" ? [`handling=${handling}`] : []),
  ];
  return {
    isMinimal: returns === "minimal",
    isStrict: handling === "strict" ? true : handling === "lenient" ? false : undefined,
    applied: applied.join(", "),
  };
}

/**
 * A header that carries text: UTF-8, percent-encoded where it is not ASCII.
 * @throws BAD_REQUEST when it cannot be decoded, so that nothing is kept other than it was meant.
 */
export function readTextHeader(name: string, value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  try {
    if (/^[\x20-\x7e]*$/.test(value)) return decodeURIComponent(value);
  } catch {
    // Falls through to the one answer for both faults.
  }
  throw new BucketsError(
    "BAD_REQUEST",
    `${name} is not readable: send UTF-8, percent-encoded where it is not ASCII, and % as %25.`,
  );
}

/**
 * An Idempotency-Key, bare or as a quoted string: `"a"` and `a` are the same key.
 * @param lines the header lines of that name; two are a 400.
 */
export function readIdempotencyKey(lines: readonly string[]): string | undefined {
  const [line] = lines;
  if (line === undefined) return undefined;
  if (lines.length > 1) {
    throw new BucketsError("BAD_REQUEST", "Send one Idempotency-Key, not several.");
  }
  return line.replace(/^"(.*)"$/, "$1");
}
