/** CSV (RFC 4180) that no spreadsheet runs. */

/**
 * Where a spreadsheet may begin a formula, or skip something on the way to one: what it begins with,
 * also in full width, at the start of a cell; and, where semicolons and not commas separate cells,
 * after a semicolon or a break within one, with the quotes that it takes off there.
 */
const formula =
  /^(?='*[=+\-@\t\r\n＝＋－＠])|(?<=;)(?=['"]*[=+\-@\t\r\n＝＋－＠])|(?<=[\t\r\n])(?=['"]*[=+\-@＝＋－＠])/g;

/**
 * Text that no spreadsheet runs (OWASP: CSV injection): an apostrophe stands before what could be a
 * formula, or could be taken for one that was made inert. Taking one off at each place gives the text.
 */
function inert(text: string): string {
  return text.replaceAll(formula, "'");
}

/** A row with its end of line. */
export function csvLine(cells: readonly string[]): string {
  return `${cells.map((cell) => quote(inert(cell))).join(",")}\r\n`;
}

function quote(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
