/**
 * Loads a seed: lines of commands, of an exported history, or of both. Each is an ordinary write,
 * through the same door as every other, and is durable before the next begins. A store that has no
 * past of its own is asked under an Idempotency-Key for each, so that a repetition goes on where it
 * stopped.
 */
import { createHash } from "node:crypto";
import type { BucketStore, ImportReport } from "../../api/index.js";
import type { NumberedLine } from "../../copies/read-lines.js";
import { BucketsError, isBucketsError } from "../../domain/errors.js";
import { isJsonObject, type JsonObject } from "../../domain/json.js";
import { parseJsonText } from "../../domain/json-text.js";
import { limits } from "../../domain/limits.js";
import { Aliases, mentions } from "./aliases.js";
import { stepOfEntry } from "./history-lines.js";
import type { BytesOf } from "./kept-blobs.js";
import { stepOfCommand } from "./seed-lines.js";
import type { SeedPast } from "./seed-past.js";
import { type Deed, isFurther, type SeedPlace, type SeedStep } from "./step.js";
import { type Made, takeFurther, takeOne, takeTogether } from "./take-step.js";

export interface SeedLoading {
  /** What the lines are called in errors. */
  readonly name: string;
  /** Of a store that was opened with it: what happens has the times and the ids of then. */
  readonly past?: SeedPast | undefined;
  /** Of entries of one bucket, which do not say it; `default` unless given. */
  readonly namespace?: string | undefined;
  /** Types of events that are left out. */
  readonly skip?: ReadonlySet<string> | undefined;
  readonly bytesOf?: BytesOf | undefined;
  /** The first that is taken; 1 unless given. */
  readonly fromLine?: number | undefined;
  readonly onLines?: ((count: number) => void) | undefined;
}

/**
 * @returns how much came of it.
 * @throws the error of the first line that is refused, with its number; what is before it stays.
 */
export async function loadSeed(
  store: BucketStore<unknown>,
  lines: AsyncIterable<NumberedLine> | Iterable<NumberedLine>,
  loading: SeedLoading,
): Promise<ImportReport> {
  const { fromLine = 1 } = loading;
  const load = new SeedLoad(store, loading);
  try {
    for await (const line of lines) {
      if (line.number >= fromLine && line.text.trim() !== "") await load.next(line);
    }
    await load.flush();
    return load.report;
  } finally {
    loading.past?.release();
  }
}

/** The lines of a text; the last one may lack its newline. */
export function* linesOf(text: string): Iterable<NumberedLine> {
  for (const [index, line] of text.split("\n").entries()) yield { number: index + 1, text: line };
}

/** How far a seed was loaded. */
class SeedLoad {
  readonly #store: BucketStore<unknown>;
  readonly #loading: SeedLoading;
  readonly #aliases = new Aliases();
  /** The ids that commands give, by the line. */
  readonly #given = new Map<string, number>();
  /** Of one transaction, until it is over. */
  #waiting: SeedStep[] = [];
  #changes = 0;
  #skipped = 0;
  #secrets = 0;
  readonly #tokens: { readonly name: string; readonly token: string }[] = [];

  constructor(store: BucketStore<unknown>, loading: SeedLoading) {
    this.#store = store;
    this.#loading = loading;
  }

  get report(): ImportReport {
    return {
      changes: this.#changes,
      skipped: this.#skipped,
      secrets_left_out: this.#secrets,
      tokens: this.#tokens,
    };
  }

  async next({ number, text }: NumberedLine): Promise<void> {
    const step = await this.#at(number, async () => {
      const json = parseJsonText(Buffer.from(text), { name: "It", line: number });
      if (!isJsonObject(json)) throw noLine();
      // The store gives ids of its own, which are known once it has given them.
      if (this.#loading.past === undefined && mentions(json, this.#made)) await this.flush();
      const renamed = this.#aliases.renamed(json);
      return isJsonObject(renamed) ? this.#stepOf(renamed, number, text) : undefined;
    });
    if (step === undefined) return;
    const [before] = this.#waiting;
    if (before !== undefined && !isSameTransaction(before, step)) await this.flush();
    this.#waiting.push(step);
    if (step.transactionId === undefined) await this.flush();
  }

  /** What the waiting steps make. */
  get #made(): ReadonlySet<string> {
    return new Set(this.#waiting.flatMap(({ makes, blobIds }) => [...blobIds, makes ?? []].flat()));
  }

  #stepOf(json: JsonObject, line: number, text: string): SeedStep | undefined {
    const { skip, bytesOf, namespace = "default" } = this.#loading;
    if ("command" in json) {
      const step = stepOfCommand(json, { line, key: digest(`${line} ${text}`) });
      this.#assertNew(step);
      return step;
    }
    if (json["format"] === "bucketlog-export/1") throw isLog();
    if (!("event_id" in json)) throw noLine();
    const type = String(json["type"]);
    // Who had access to another store is no history of this one.
    if (skip?.has(type) === true || type.startsWith("token.")) {
      this.#skipped += 1;
      return undefined;
    }
    return stepOfEntry(line, json, {
      namespace,
      bytesOf: bytesOf ?? (async () => undefined),
      onSecrets: (count) => {
        this.#secrets += count;
      },
    });
  }

  /** @throws BAD_REQUEST for an id that another line gave: what is later would speak of both. */
  #assertNew({ ids, line }: SeedStep): void {
    for (const id of ids) {
      const before = this.#given.get(id);
      if (before !== undefined) throw takenId(id, `by line ${before}`);
      this.#given.set(id, line);
    }
  }

  /** Takes the steps that wait: those of a transaction as one, up to as many as one may have. */
  async flush(): Promise<void> {
    const steps = this.#waiting;
    this.#waiting = [];
    let together: Prepared[] = [];
    for (const step of steps) {
      const deed = await this.#at(step.line, async () =>
        typeof step.deed === "function" ? await step.deed(this.#placeOf(step)) : step.deed,
      );
      const isAlone = isFurther(deed) || step.transactionId === undefined;
      if (isAlone || together.length === limits.transactionOperationsMax) {
        await this.#take(together);
        together = [];
      }
      if (isAlone) await this.#take([{ step, deed }]);
      else together.push({ step, deed });
    }
    await this.#take(together);
  }

  async #take(prepared: readonly Prepared[]): Promise<void> {
    const [first] = prepared;
    if (first === undefined) return;
    const { step } = first;
    const { past } = this.#loading;
    past?.hold(step.at, [...new Set(prepared.flatMap((one) => one.step.ids))]);
    const keys = prepared.map((one) => one.step.key);
    // Where it has times of its own, a key would have lapsed long ago.
    const commit = past === undefined ? { idempotencyKey: `import-${digest(keys.join())}` } : {};
    const made = await this.#at(
      step.line,
      () => this.#done(prepared, commit).catch((error) => thrownOfIds(error, prepared)),
      (index) => prepared[index]?.step.line,
    );
    for (const [index, one] of prepared.entries()) this.#learn(one.step, made[index] ?? {});
    this.#changes += prepared.length;
    this.#loading.onLines?.(this.#changes);
  }

  async #done(
    prepared: readonly Prepared[],
    commit: { readonly idempotencyKey?: string },
  ): Promise<readonly Made[]> {
    const operations = prepared.flatMap(({ deed }) => (isFurther(deed) ? [] : [deed]));
    const [first] = prepared;
    if (first === undefined) return [];
    const place = this.#placeOf(first.step);
    if (isFurther(first.deed)) {
      const { reason } = first.step;
      const options = { reason, ...commit };
      return [await takeFurther(place, first.deed, callerOf(first.step), options)];
    }
    if (first.step.transactionId !== undefined) return takeTogether(place, operations, commit);
    return await Promise.all(operations.map((operation) => takeOne(place, operation, commit)));
  }

  #learn({ makes, blobIds }: SeedStep, made: Made): void {
    if (made.token !== undefined) this.#tokens.push(made.token);
    if (makes !== undefined && made.id !== undefined) this.#aliases.learn(makes, made.id);
    for (const [index, id] of blobIds.entries()) {
      this.#aliases.learn(id, made.blobIds?.[index] ?? id);
    }
  }

  #placeOf(step: SeedStep): SeedPlace {
    const namespace = this.#store.namespace(step.namespace, callerOf(step));
    return { store: this.#store, namespace };
  }

  /** @param lineOf of the operation that was refused, in a transaction. */
  async #at<T>(
    line: number,
    work: () => Promise<T>,
    lineOf: (operation: number) => number | undefined = () => undefined,
  ): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!isBucketsError(error)) throw error;
      const { operation_index: index, ...details } = error.details;
      const refused = (typeof index === "number" ? lineOf(index) : undefined) ?? line;
      const message = `Line ${refused} of ${this.#loading.name} was refused: ${error.message}`;
      // Of a transaction, nothing happened: it begins before the line.
      const place = { line: refused, from_line: line };
      throw new BucketsError(error.code, message, { ...details, ...place }, error);
    }
  }
}

interface Prepared {
  readonly step: SeedStep;
  readonly deed: Deed;
}

function isSameTransaction(a: SeedStep, b: SeedStep): boolean {
  return (
    a.transactionId !== undefined &&
    a.transactionId === b.transactionId &&
    a.namespace === b.namespace
  );
}

function callerOf({ actor, requestId }: SeedStep) {
  return { ...(actor !== undefined && { actor }), ...(requestId !== undefined && { requestId }) };
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function takenId(ids: string, where: string, cause?: unknown): BucketsError {
  const message = `id: ${ids} is given already, ${where}: each thing has an id of its own.`;
  return new BucketsError("BAD_REQUEST", message, { field: "id" }, cause);
}

/** The store knows of whoever gives it ids, and nothing of seeds. @throws what was thrown, said of seeds */
function thrownOfIds(error: unknown, prepared: readonly Prepared[]): never {
  if (!isBucketsError(error) || error.details["field"] !== "newId") throw error;
  const ids = prepared.flatMap(({ step }) => step.ids);
  throw takenId(ids.join(" or "), "in the store", error);
}

function noLine(): BucketsError {
  return new BucketsError(
    "BAD_REQUEST",
    "It is neither a command, {command, …}, nor an event of a history, as export writes one.",
  );
}

function isLog(): BucketsError {
  return new BucketsError(
    "BAD_REQUEST",
    "This is a whole log, which makes a file of its own: import it with --log.",
  );
}
