/** The search of a list: a part of one of some texts, or a pattern with `*` for all of one. */
import { isJsonArray, type JsonValue } from "../json.js";
import { foldingOf } from "./text.js";

export interface Search {
  readonly text: string;
  readonly caseSensitive: boolean;
}

/** A search in two halves: what becomes of a text before it is compared may be kept. */
interface Searching {
  readonly prepare: (text: string) => string;
  readonly isFound: (prepared: string) => boolean;
}

/**
 * Without `*` the text occurs somewhere; with `*`, which stands for any characters or none, it must
 * describe the whole: `prod*` is what begins with it. Both are compared in Unicode NFC, the form of
 * names.
 */
export function searching({ text, caseSensitive }: Search): Searching {
  const prepare = preparing(caseSensitive);
  const wanted = prepare(text);
  if (!wanted.includes("*")) return { prepare, isFound: (prepared) => prepared.includes(wanted) };
  const [first = "", ...rest] = wanted.split("*");
  const last = rest.pop() ?? "";
  return { prepare, isFound: (prepared) => isMadeOf(prepared, first, rest, last) };
}

/** What becomes of a text before it is searched. */
export function preparing(caseSensitive: boolean): (text: string) => string {
  const fold = foldingOf(caseSensitive);
  return (text) => fold(text.normalize("NFC"));
}

/** Both halves. */
export function compileSearch(search: Search): (searched: string) => boolean {
  const { prepare, isFound } = searching(search);
  return (searched) => isFound(prepare(searched));
}

/** The texts in what is searched: itself, or every one below it. */
export function textsIn(value: JsonValue | undefined): readonly string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return (isJsonArray(value) ? value : Object.values(value)).flatMap(textsIn);
}

/** Each part is taken where it first occurs, which leaves the most room for those after it. */
function isMadeOf(text: string, first: string, middle: readonly string[], last: string): boolean {
  if (!text.startsWith(first) || !text.endsWith(last)) return false;
  let at = first.length;
  for (const part of middle) {
    const found = text.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return at <= text.length - last.length;
}
