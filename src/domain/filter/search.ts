/** The search of a list: a part of one of some texts, or a pattern with `*` for all of one. */
import { isJsonArray, type JsonValue } from "../json.js";
import { foldingOf } from "./text.js";

export interface Search {
  readonly text: string;
  readonly caseSensitive: boolean;
}

/**
 * Without `*` the text occurs somewhere; with `*`, which stands for any characters or none, it must
 * describe the whole: `prod*` is what begins with it. Both are compared in Unicode NFC, the form of
 * names.
 */
export function compileSearch({ text, caseSensitive }: Search): (searched: string) => boolean {
  const fold = foldingOf(caseSensitive);
  const prepare = (raw: string) => fold(raw.normalize("NFC"));
  const wanted = prepare(text);
  if (!wanted.includes("*")) return (searched) => prepare(searched).includes(wanted);
  const [first = "", ...rest] = wanted.split("*");
  const last = rest.pop() ?? "";
  return (searched) => isMadeOf(prepare(searched), first, rest, last);
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
