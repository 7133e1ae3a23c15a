/**
 * What is printed. Only a `Line` can be: its own words are ours, and whatever is put into it is
 * escaped, so that text of others can neither forge lines nor drive the terminal.
 */
import { escapeUnprintable, printableJson } from "../domain/printable.js";

export type Part = string | number | Line;

export class Line {
  readonly text: string;

  /** @param text ours, or escaped already. */
  constructor(text: string) {
    this.text = text;
  }
}

/** A template of ours, in which everything that is put in is escaped unless it is a `Line`. */
export function line(words: TemplateStringsArray, ...parts: readonly Part[]): Line {
  const rest = parts.map((part, index) => safe(part) + (words[index + 1] ?? ""));
  return new Line((words[0] ?? "") + rest.join(""));
}

/** As wide as a column, where it is not wider. */
export function padded(part: Part, width: number): Line {
  return new Line(safe(part).padEnd(width));
}

export function joined(parts: readonly Part[], separator: string): Line {
  return new Line(parts.map(safe).join(separator));
}

/** One line of JSON, or several that are indented. */
export function jsonLine(value: unknown, indent?: number): Line {
  return new Line(printableJson(value, indent));
}

function safe(part: Part): string {
  return part instanceof Line ? part.text : escapeUnprintable(String(part));
}
