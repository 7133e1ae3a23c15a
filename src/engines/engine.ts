/**
 * The port of an engine: all that a store is kept in, opened by one call. What a second one has to bring
 * is in `engine.md`.
 */
import type { Durability } from "../domain/health.js";
import type { Truncation } from "../domain/log/events.js";
import type { OnProgress } from "../domain/reports.js";
import type { LogTree } from "../eventstore/log-tree.js";
import type { ReadTable } from "../eventstore/read-table.js";
import type { ReceivedTable } from "../eventstore/received-table.js";
import type { Rescued } from "../eventstore/rescued.js";
import type { RowSeals } from "../eventstore/row-seals.js";
import type { SecretTable } from "../eventstore/secret-table.js";
import type { EventStore } from "../eventstore/store.js";
import type { TokenTable } from "../eventstore/token-table.js";
import type { Upgrade } from "../eventstore/upgrade.js";
import type { TimerTable } from "../projections/timer-table.js";
import type { ProjectionKeeper, View } from "../projections/view.js";
import type { Room } from "../room.js";

export interface EngineOptions {
  readonly file: string;
  /** On the disk of the file. */
  readonly room?: Room | undefined;
  readonly readOnly: boolean;
  readonly durability: Durability;
  readonly clock: () => number;
  readonly newId: (prefix: string) => string;
  /** Go on with a log that ends before the end that was known, or is another. */
  readonly acceptTruncation?: boolean | undefined;
  /** Told once a file of an older version was brought up to date, or could not wholly be. */
  readonly onUpgrade?: ((upgrade: Upgrade) => void) | undefined;
  readonly onUpgradeProgress?: OnProgress | undefined;
}

interface AcceptedTruncation {
  readonly missing: Truncation;
  /** Once the log says so: the end that is known is the one that is there. */
  settle(): Promise<void>;
}

export interface Engine {
  /** Closing it closes all of the engine. */
  readonly events: EventStore;
  readonly view: View;
  readonly upkeep: ProjectionKeeper;
  readonly tokens: TokenTable;
  readonly received: ReceivedTable;
  readonly reads: ReadTable;
  readonly secrets: SecretTable;
  /** What authenticates the rows that are no fold of the log. */
  readonly seals: RowSeals;
  readonly timers: TimerTable;
  /** Who the log is, the tree over it, and what it has signed. */
  readonly tree: LogTree;
  /** What of the log was missing, where that was accepted: to be recorded before anything else. */
  readonly truncation?: AcceptedTruncation | undefined;
  /** Saves what is still open of a file that is gone. @throws CONFLICT when it is in place. */
  rescue(): Promise<Rescued>;
}
