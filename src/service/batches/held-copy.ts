/** How a copy says that its windows and leases are held until it goes on in the place of another store. */
import { BucketsError } from "../../domain/errors.js";
import { type HealthCheck, warns } from "../../domain/health.js";

const held =
  "is a copy, which closes no window and hands out no batch: serve it with --resume-timers, once " +
  "nobody works any more with the one that it was made of";

export const heldCheck: HealthCheck = warns("timers", `it ${held}`);

export function heldCopy(): BucketsError {
  return new BucketsError("CONFLICT", `This store ${held}.`);
}
