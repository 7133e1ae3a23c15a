/** A clock that stands still until it is told otherwise. */
export class FixedClock {
  now: number;

  constructor(now = Date.parse("2026-10-01T12:00:00.000Z")) {
    this.now = now;
  }

  readonly read = (): number => this.now;

  advance(milliseconds: number): void {
    this.now += milliseconds;
  }
}

export const dayMs = 24 * 60 * 60 * 1_000;
