/** Whether there is room where a store lies. */
import { fails, type HealthCheck, passes, warns } from "../../domain/health.js";
import { roomFor } from "./copy.js";

/** Below it, whoever runs the store should make room. */
const freeBytesMin = 256 * 1024 * 1024;

/** @param isRefused whether the last write found no room. */
export function checkDisk(file: string, isRefused: boolean): HealthCheck {
  const free = roomIfAny(file);
  if (free === undefined) return fails("disk", "the folder of the store is gone");
  const told = `${Math.floor(free / 1024 / 1024)} MiB free`;
  if (isRefused) return fails("disk", `the disk is full, ${told}: make room`);
  return free < freeBytesMin ? warns("disk", `${told}: make room`) : passes("disk", told);
}

function roomIfAny(file: string): number | undefined {
  try {
    return roomFor(file);
  } catch {
    return undefined;
  }
}
