/**
 * Sums of numbers. Integers are added exactly, however many and however large; fractions as the
 * doubles that they are, apart, so that a large integer beside them swallows none.
 */
export class ExactSum {
  /** What was added while it stayed below 2^53. */
  #near = 0;
  /** And what did not. */
  #far = 0n;
  #fraction = 0;
  #count = 0;

  /** @param value is finite. */
  add(value: number): void {
    this.#count += 1;
    if (!Number.isInteger(value)) {
      this.#fraction += value;
      return;
    }
    const near = this.#near + value;
    if (Number.isSafeInteger(near) && Number.isSafeInteger(value)) {
      this.#near = near;
      return;
    }
    this.#far += BigInt(this.#near) + BigInt(value);
    this.#near = 0;
  }

  /** Undefined when the integers in it make one that no double is. */
  total(): number | undefined {
    const whole = asNumber(this.#whole());
    return whole === undefined ? undefined : whole + this.#fraction;
  }

  /** Null of no numbers; undefined when its integer part is one that no double is. */
  average(): number | null | undefined {
    if (this.#count === 0) return null;
    const count = BigInt(this.#count);
    const sum = this.#whole();
    const whole = asNumber(sum / count);
    if (whole === undefined) return undefined;
    const total = Number(sum);
    // Of sums below 2^53 one division is the exact average, rounded once.
    if (Number.isSafeInteger(total)) return (total + this.#fraction) / this.#count;
    return whole + (Number(sum % count) + this.#fraction) / this.#count;
  }

  #whole(): bigint {
    return this.#far + BigInt(this.#near);
  }
}

function asNumber(integer: bigint): number | undefined {
  const number = Number(integer);
  return Number.isFinite(number) && BigInt(number) === integer ? number : undefined;
}
