/** Tells of requests whose token opens nothing: by the address that they come from, and never by the token. */
import type { Logger } from "pino";

export interface FailedLogins {
  /** @param address that of the client. */
  note(address: string): void;
}

interface Address {
  /** By the clock, when a line told of it last. */
  readonly toldAt: number;
  /** Since then. */
  failures: number;
}

const quietMs = 60_000;
/** More in a minute are told of by the metrics alone: a log is not to be filled from outside. */
const addressesMax = 1_000;

/**
 * A line at once, and then at most one a minute for each address, which says how many there were.
 * @param clock milliseconds that never run backwards.
 */
export function failedLogins(logger: Pick<Logger, "warn">, clock: () => number): FailedLogins {
  /** The one that was told of longest ago is the first. */
  const addresses = new Map<string, Address>();
  const tell = (address: string, failures: number) => {
    addresses.set(address, { toldAt: clock(), failures: 0 });
    logger.warn({ address, failures }, "requests with a token that opens nothing");
  };
  return {
    note: (address) => {
      const known = addresses.get(address);
      if (known !== undefined) known.failures += 1;
      for (const [other, { toldAt, failures }] of addresses) {
        if (clock() - toldAt < quietMs) break;
        addresses.delete(other);
        if (failures > 0) tell(other, failures);
      }
      if (known === undefined && addresses.size < addressesMax) tell(address, 1);
    },
  };
}
