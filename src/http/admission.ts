/**
 * What may be under way at once: each thing that costs while it lasts has its places, and who finds
 * none is told to come back. Memory alone is waited for.
 */
import { BucketsError } from "../domain/errors.js";
import { limits } from "../domain/limits.js";
import { Budget } from "./budget.js";

/** A number of places, of which one key can have so many. */
export class Places {
  readonly #what: string;
  readonly #max: number;
  readonly #ofOneMax: number;
  readonly #taken = new Map<string, number>();
  #total = 0;

  constructor(what: string, max: number, ofOneMax: number) {
    this.#what = what;
    this.#max = max;
    this.#ofOneMax = ofOneMax;
  }

  /** How many are taken. */
  get total(): number {
    return this.#total;
  }

  /** Does the work in a place of the key. @throws OVERLOADED when there is none */
  async hold<T>(key: string, work: () => Promise<T>): Promise<T> {
    const leave = this.take(key);
    try {
      return await work();
    } finally {
      leave();
    }
  }

  /** Takes a place of the key, until it is left, once. @throws OVERLOADED when there is none */
  take(key: string): () => void {
    const own = this.#taken.get(key) ?? 0;
    if (this.#total >= this.#max || own >= this.#ofOneMax) throw this.#refusal();
    this.#total += 1;
    this.#taken.set(key, own + 1);
    return () => this.#release(key);
  }

  #release(key: string): void {
    const left = (this.#taken.get(key) ?? 1) - 1;
    this.#total -= 1;
    if (left === 0) this.#taken.delete(key);
    else this.#taken.set(key, left);
  }

  #refusal(): BucketsError {
    return overloaded(`Too many ${this.#what} are under way`);
  }
}

/** All that is admitted; one for each server. */
export interface Admission {
  /** For bodies and answers that are not small. */
  readonly memory: Budget;
  /** Change feeds that go on until they are closed. */
  readonly streams: Places;
  /** Bodies that arrive before it is known whether their sender may send any, by address. */
  readonly strangerBodies: Places;
  /** Uploads whose bytes arrive, by upload. */
  readonly uploads: Places;
}

export interface AdmissionOptions {
  /** Of bodies and answers together; 512 MiB unless given. */
  readonly memoryBytesMax?: number | undefined;
  /** Change feeds that go on; 1,000 unless given. */
  readonly streamsMax?: number | undefined;
}

export function createAdmission(options: AdmissionOptions = {}): Admission {
  const { memoryBytesMax = limits.memoryBytesMax, streamsMax = limits.streamsMax } = options;
  return {
    memory: new Budget(memoryBytesMax, limits.memoryWaitMs, noMemory),
    streams: new Places("change feeds", streamsMax, streamsMax),
    strangerBodies: new Places(
      "deliveries",
      limits.strangerBodiesMax,
      limits.strangerBodiesOfAddressMax,
    ),
    uploads: new Places("uploads", limits.openUploadsMax, limits.openTransfersOfUploadMax),
  };
}

function noMemory(): BucketsError {
  return overloaded("Other requests have all the memory that there is for them");
}

/** Tells who found no place to come back soon. */
export function overloaded(why: string): BucketsError {
  return new BucketsError("OVERLOADED", `${why}: come back in a moment.`, {
    retry_after_seconds: 1,
  });
}
