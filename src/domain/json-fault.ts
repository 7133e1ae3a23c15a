/**
 * Where a text stops being JSON (RFC 8259), and what could stand there instead. Looked for only
 * after the parser has refused the text, so it need not be fast; it quotes nothing of the text,
 * which may hold a secret.
 */

export interface JsonFault {
  /** From 1. */
  readonly line: number;
  /** From 1, in characters. */
  readonly column: number;
  /** A noun phrase, such as `a comma or }`. */
  readonly expected: string;
}

/** The first fault; undefined where the text is JSON. */
export function findJsonFault(text: string): JsonFault | undefined {
  const reader = new Reader(text);
  try {
    reader.whole();
    return undefined;
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    return { ...placeOf(text, reader.at), expected: error.expected };
  }
}

/** Ends the reading at the first fault. */
class Stop extends Error {
  readonly expected: string;

  constructor(expected: string) {
    super(expected);
    this.expected = expected;
  }
}

function placeOf(text: string, at: number): { line: number; column: number } {
  const lines = text.slice(0, at).split("\n");
  return { line: lines.length, column: [...(lines.at(-1) ?? "")].length + 1 };
}

const aValue = 'a value: {, [, a string in "double quotes", a number, true, false or null';
const aKey = 'a key in "double quotes"';

class Reader {
  readonly #text: string;
  at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): void {
    this.#value(this.#text.startsWith("\uFEFF") ? `${aValue}, without a byte order mark` : aValue);
    this.#demand(/$/y, "the end of the text");
  }

  #value(expected: string): void {
    this.#space();
    if (this.#take(/\{/y)) this.#object();
    else if (this.#take(/\[/y)) this.#array();
    else if (this.#take(/"/y)) this.#string();
    else if (this.#take(/-/y)) this.#number();
    else if (/[0-9]/.test(this.#text.charAt(this.at))) this.#number();
    else this.#demand(/true|false|null/y, expected);
    this.#space();
  }

  #object(): void {
    this.#space();
    if (this.#take(/\}/y)) return;
    let expected = `${aKey} or }`;
    do {
      this.#space();
      this.#demand(/"/y, expected);
      this.#string();
      this.#space();
      this.#demand(/:/y, "a colon");
      this.#value(aValue);
      expected = aKey;
    } while (this.#take(/,/y));
    this.#demand(/\}/y, "a comma or }");
  }

  #array(): void {
    this.#space();
    if (this.#take(/\]/y)) return;
    let expected = `${aValue}; or ]`;
    do {
      this.#value(expected);
      expected = aValue;
    } while (this.#take(/,/y));
    this.#demand(/\]/y, "a comma or ]");
  }

  #string(): void {
    for (;;) {
      this.#take(/[^"\\\u0000-\u001f]+/y);
      if (this.#take(/"/y)) return;
      if (this.#take(/\\/y)) {
        this.#demand(/["\\/bfnrt]|u[0-9A-Fa-f]{4}/y, 'one of " \\ / b f n r t u0000 after the \\');
        continue;
      }
      const isOver = this.at === this.#text.length;
      throw new Stop(isOver ? 'a closing "' : "an escape such as \\n for a control character");
    }
  }

  /** What comes after its sign. */
  #number(): void {
    this.#demand(/0|[1-9][0-9]*/y, "a digit");
    if (this.#take(/\./y)) this.#demand(/[0-9]+/y, "a digit");
    if (this.#take(/[eE][+-]?/y)) this.#demand(/[0-9]+/y, "a digit");
  }

  #space(): void {
    this.#take(/[ \t\n\r]+/y);
  }

  #take(pattern: RegExp): boolean {
    pattern.lastIndex = this.at;
    if (!pattern.test(this.#text)) return false;
    this.at = pattern.lastIndex;
    return true;
  }

  #demand(pattern: RegExp, expected: string): void {
    if (!this.#take(pattern)) throw new Stop(expected);
  }
}
