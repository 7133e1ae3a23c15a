/** Tells the log when a check of `/readyz` turns red or begins to warn, and when it is well again. */
import type { Logger } from "pino";
import type { Health, HealthCheck } from "../domain/health.js";
import { clearInterval, setInterval } from "../timers.js";

const lookEveryMs = 1_000;

interface HealthLog {
  stop(): void;
}

/** Looks each second: what nobody asks about is logged as well. */
export function logHealth(logger: Logger, health: () => Promise<Health>): HealthLog {
  const known = new Map<string, HealthCheck["status"]>();
  let isLooking = false;
  let hasFailed = false;
  const look = async () => {
    if (isLooking) return;
    isLooking = true;
    try {
      for (const check of (await health()).checks) tell(logger, check, known);
      hasFailed = false;
    } catch (error) {
      if (!hasFailed) logger.error({ err: error }, "the checks could not be made");
      hasFailed = true;
    } finally {
      isLooking = false;
    }
  };
  void look();
  const timer = setInterval(look, lookEveryMs).unref();
  return { stop: () => clearInterval(timer) };
}

function tell(
  logger: Logger,
  { name, status, says }: HealthCheck,
  known: Map<string, HealthCheck["status"]>,
): void {
  if ((known.get(name) ?? "pass") === status) return;
  known.set(name, status);
  const told = { check: name, status, says };
  switch (status) {
    case "fail":
      logger.error(told, "a check fails");
      break;
    case "warn":
      logger.warn(told, "a check warns");
      break;
    case "pass":
      logger.info(told, "a check passes again");
      break;
  }
}
