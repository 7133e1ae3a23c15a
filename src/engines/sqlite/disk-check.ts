/** Whether there is room where a store lies. */
import { fails, type HealthCheck, passes, warns } from "../../domain/health.js";
import { mebibytes, type Room } from "../../room.js";

/** Below it, whoever runs the store should make room. */
const freeBytesMin = 256 * 1024 * 1024;

/** @param isRefused whether the last write found no room. */
export function checkDisk(room: Room, isRefused: boolean): HealthCheck {
  const free = room.freeBytes;
  if (free === undefined) return fails("disk", "the folder of the store is gone");
  const told = `${mebibytes(free)} MiB free`;
  if (isRefused) return fails("disk", `the disk is full, ${told}: make room`);
  if (room.isShort) {
    const kept = mebibytes(room.minFreeBytes);
    return fails("disk", `${told}, and ${kept} are kept free: no write is taken, make room`);
  }
  return free < freeBytesMin ? warns("disk", `${told}: make room`) : passes("disk", told);
}
