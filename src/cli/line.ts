/**
 * What is printed. Only a `Line` can be: its own words are ours, and whatever is put into it is
 * escaped, so that text of others can neither forge lines nor drive the terminal.
 */
import { escapeUnprintable, printableJson } from "../domain/printable.js";

export type Printed = string | number | Line;

export class Line {
  readonly text: string;

  /** @param text ours, or escaped already. */
  constructor(text: string) {
    this.text = text;
  }
}

/** A template of ours, in which everything that is put in is escaped unless it is a `Line`. */
export function line(words: TemplateStringsArray, ...values: readonly Printed[]): Line {
  const rest = values.map((value, index) => safe(value) + (words[index + 1] ?? ""));
  return new Line((words[0] ?? "") + rest.join(""));
}

/** As wide as a column, where it is not wider. */
export function padded(value: Printed, width: number): Line {
  return new Line(safe(value).padEnd(width));
}

export function joined(values: readonly Printed[], separator: string): Line {
  return new Line(values.map(safe).join(separator));
}

/** One line of JSON, or several that are indented. */
export function jsonLine(value: unknown, indent?: number): Line {
  return new Line(printableJson(value, indent));
}

function safe(value: Printed): string {
  return value instanceof Line ? value.text : escapeUnprintable(String(value));
}
