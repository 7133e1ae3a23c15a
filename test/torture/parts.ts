/** Everything that happens to a store, in the order in which a full run does it. */
import type { Part } from "./part.js";
import { clock } from "./parts/clock.js";
import { damage } from "./parts/damage.js";
import { ioErrors } from "./parts/io-errors.js";
import { kills } from "./parts/kills.js";
import { locks } from "./parts/locks.js";
import { moves } from "./parts/moves.js";
import { mutationsPart } from "./parts/mutations.js";
import { fullPowerLoss, relaxedPowerLoss } from "./parts/power-loss.js";
import { soak } from "./parts/soak.js";

export const parts: readonly Part[] = [
  fullPowerLoss,
  relaxedPowerLoss,
  kills,
  ioErrors,
  damage,
  clock,
  locks,
  moves,
  mutationsPart,
  soak,
];
