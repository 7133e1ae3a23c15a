/**
 * The log as a resource of itself: what happened to it as a whole is recorded in it, in a stream of its
 * own, in a namespace that no user can name.
 */
import { invariant } from "../domain/errors.js";
import type { LogCommand } from "../domain/log/commands.js";
import { type LogDocument, logDocument, logNamespace } from "../domain/log/kind.js";
import { anyVersion } from "../domain/precondition.js";
import type { LogTree } from "../eventstore/log-tree.js";
import type { EventStore, Outcome, Unit } from "../eventstore/store.js";

export interface OwnLogParts {
  readonly events: EventStore;
  readonly tree: LogTree;
  /** Resolves once the unit is durable. */
  readonly submit: (unit: Unit) => Promise<Outcome>;
  /** Who does it. */
  readonly actor: string;
  readonly newId: (prefix: string) => string;
  readonly randomBytes: (size: number) => Uint8Array;
}

const saltBytes = 16;
const newest = { kind: "position", position: Number.MAX_SAFE_INTEGER } as const;

export class OwnLog {
  readonly #parts: OwnLogParts;

  constructor(parts: OwnLogParts) {
    this.#parts = parts;
  }

  /** What happened to it so far; nothing to most. */
  async document(): Promise<LogDocument> {
    return logDocument(await this.#state());
  }

  /**
   * Durably once it resolves.
   * @returns the position of its event. @throws READ_ONLY, and what else a write does.
   */
  async record(command: LogCommand, reason: string): Promise<number> {
    const { submit, actor, newId, randomBytes } = this.#parts;
    const state = await this.#state();
    const outcome = await submit({
      namespace: logNamespace,
      commands: [
        {
          target: { kind: state === undefined ? "new" : "unowned", id: await this.#id() },
          command,
          operation: 0,
          precondition: anyVersion,
          secrets: [],
          eventId: newId("evt"),
          salt: randomBytes(saltBytes),
          metaSalt: randomBytes(saltBytes),
        },
      ],
      meta: { actor, reason, request_id: newId("req") },
      idempotency: undefined,
      transactionId: undefined,
      bytes: 0,
    });
    if (outcome.kind === "refused") throw outcome.error;
    const after = await this.#state();
    invariant(after !== undefined, "what was recorded of the log is not there");
    return after.position;
  }

  async #state() {
    const [state] = await this.#parts.events.statesAt([await this.#id()], newest);
    return state?.kind === "log" ? state : undefined;
  }

  async #id(): Promise<string> {
    return (await this.#parts.tree.identity()).logId;
  }
}
