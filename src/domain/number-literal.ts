/** Number literals of JSON text (RFC 8259 section 6), of which a double keeps some and not others. */

/**
 * Whether the integer that a literal says is what is kept of it: exactly, or as far as every answer
 * will print it, so that what was read can be written back. Of fractions a double is near enough.
 *
 * @param value what the literal is read as.
 */
export function isKept(literal: string, value: number): boolean {
  if (!Number.isInteger(value) || Number.isSafeInteger(value)) return true;
  const sent = decimalOf(literal);
  return sent === decimalOf(String(value)) || sent === decimalOf(String(BigInt(value)));
}

const form = /^(-?)([0-9]*)(?:\.([0-9]*))?(?:e([+-]?[0-9]+))?$/i;

/** The same text for every way to write the same number. */
function decimalOf(literal: string): string {
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = form.exec(literal) ?? [];
  const digits = whole + fraction;
  let end = digits.length;
  while (digits[end - 1] === "0") end -= 1;
  const scale = Number(exponent) - fraction.length + (digits.length - end);
  return `${sign}${digits.slice(0, end).replace(/^0+/, "")}e${scale}`;
}
