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
export function compileSearch(search: Search): (searched: string) => boolean {
  const { caseSensitive } = search;
  const isFound = prepared(search);
  return (searched) => isFound(prepare(searched, caseSensitive));
}

/** What becomes of a text before it is searched. */
function prepare(text: string, caseSensitive: boolean): string {
  return foldingOf(caseSensitive)(text.normalize("NFC"));
}

/** The search of a text that is prepared. */
function prepared({ text, caseSensitive }: Search): (searched: string) => boolean {
  const wanted = prepare(text, caseSensitive);
  if (!wanted.includes("*")) return (searched) => searched.includes(wanted);
  const [first = "", ...rest] = wanted.split("*");
  const last = rest.pop() ?? "";
  return (searched) => isMadeOf(searched, first, rest, last);
}

/** Between texts that are searched as one; nearly no text has it. */
const border = "\u0000";

/**
 * Texts as they are compared, to be searched again and again: one after the other in one text, or, where
 * there is none or one of them has what stands between them, as they are.
 */
export function preparedTexts(texts: readonly string[], caseSensitive: boolean): JsonValue {
  const all = texts.map((text) => prepare(text, caseSensitive));
  const isOne = all.length > 0 && !all.some((text) => text.includes(border));
  return isOne ? all.join(border) : all;
}

/** Whether one of the texts is found, of what `preparedTexts` made of them with the same case. */
export function compileSearchOfPrepared(search: Search): (texts: JsonValue | undefined) => boolean {
  const isFound = prepared(search);
  const isAcross = search.text.includes(border) || search.text.includes("*");
  return (texts) => {
    if (typeof texts !== "string") return textsIn(texts).some(isFound);
    return isAcross ? texts.split(border).some(isFound) : isFound(texts);
  };
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
