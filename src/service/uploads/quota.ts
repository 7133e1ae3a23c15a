/**
 * Holds the bytes of the uploads of each namespace to what one may have: those that were confirmed, whatever
 * became of the upload since, because history keeps them; those that wait to be; and those on their way.
 * What is stored is counted once, and then as it moves.
 */
import { BucketsError } from "../../domain/errors.js";
import type { UploadState } from "../../domain/upload/state.js";
import { receivedRows } from "../../eventstore/received-rows.js";
import type { ReceivedTable } from "../../eventstore/received-table.js";
import type { CommandResult } from "../../eventstore/store.js";
import type { View } from "../../projections/view.js";

/** What one namespace has. */
interface Space {
  confirmedBytes: number;
  /** What is beyond it is not counted yet. */
  readonly countedTo: number;
  /** What waits to be confirmed, by upload and in all. */
  readonly waiting: Map<string, number>;
  waitingBytes: number;
}

/** Bytes that are on their way to one upload. */
export interface Arriving {
  /** @throws STORAGE_FULL when the namespace has no room for them. */
  add(bytes: number): void;
  end(): void;
}

interface QuotaParts {
  readonly view: View;
  readonly received: ReceivedTable;
}

export class UploadQuota {
  readonly #parts: QuotaParts;
  readonly #bytesMax: number;
  readonly #spaces = new Map<string, Promise<Space>>();
  /** Those of them that were counted, for what cannot wait. */
  readonly #counted = new Map<string, Space>();
  /** By namespace: bytes that are on their way, which nothing that is stored tells. */
  readonly #arriving = new Map<string, number>();

  constructor(parts: QuotaParts, bytesMax: number) {
    this.#parts = parts;
    this.#bytesMax = bytesMax;
  }

  /** To be ended once they arrived or did not. */
  async begin({ namespace, upload_id: uploadId }: UploadState): Promise<Arriving> {
    const begun = await this.#spaceOf(namespace);
    let own = 0;
    return {
      add: (bytes) => {
        const space = this.#counted.get(namespace) ?? begun;
        // What is replaced does not count.
        const waitingBytes = space.waitingBytes - (space.waiting.get(uploadId) ?? 0);
        const usedBytes = space.confirmedBytes + waitingBytes + this.#arrivingIn(namespace);
        if (usedBytes + bytes > this.#bytesMax) throw this.#full(namespace, usedBytes - own);
        own += bytes;
        this.#arriving.set(namespace, this.#arrivingIn(namespace) + bytes);
      },
      end: () => {
        this.#arriving.set(namespace, this.#arrivingIn(namespace) - own);
        own = 0;
      },
    };
  }

  /** What arrived last for the upload waits to be confirmed. */
  noteWaiting({ namespace, upload_id: uploadId }: UploadState, bytes: number): void {
    const space = this.#counted.get(namespace);
    if (space !== undefined) setWaiting(space, uploadId, bytes);
  }

  noteForgotten(uploadIds: readonly string[]): void {
    for (const space of this.#counted.values()) {
      for (const id of uploadIds) setWaiting(space, id, undefined);
    }
  }

  noteCommitted(results: readonly CommandResult[]): void {
    for (const { state, recorded } of results) {
      if (state.kind !== "upload" || recorded.event.type !== "upload.confirmed") continue;
      const space = this.#counted.get(state.namespace);
      if (space === undefined || recorded.position <= space.countedTo) continue;
      setWaiting(space, state.upload_id, undefined);
      space.confirmedBytes += state.size_bytes ?? 0;
    }
  }

  /** A write of which nobody knows whether it is there may have confirmed some: all is counted anew. */
  noteUnknown(): void {
    this.#spaces.clear();
    this.#counted.clear();
  }

  #arrivingIn(namespace: string): number {
    return this.#arriving.get(namespace) ?? 0;
  }

  #spaceOf(namespace: string): Promise<Space> {
    const known = this.#spaces.get(namespace);
    if (known !== undefined) return known;
    const counting = this.#count(namespace);
    this.#spaces.set(namespace, counting);
    // Counted anew by whoever comes next.
    counting.catch(() => this.#spaces.delete(namespace));
    return counting;
  }

  async #count(namespace: string): Promise<Space> {
    const { view, received } = this.#parts;
    const { bytes, position } = await view.confirmedBytes(namespace);
    const space: Space = {
      confirmedBytes: bytes,
      countedTo: position,
      waiting: new Map(),
      waitingBytes: 0,
    };
    // From here on what moves is counted.
    this.#counted.set(namespace, space);
    for await (const rows of receivedRows(received)) {
      for (const { uploadId, sizeBytes } of rows) {
        const state = await view.state(uploadId);
        const isHere = state?.kind === "upload" && state.namespace === namespace;
        const isNew = !space.waiting.has(uploadId);
        if (isHere && state.status === "PENDING" && isNew) setWaiting(space, uploadId, sizeBytes);
      }
    }
    return space;
  }

  #full(namespace: string, usedBytes: number): BucketsError {
    return new BucketsError(
      "STORAGE_FULL",
      `The uploads of the namespace ${namespace} have ${usedBytes} of at most ${this.#bytesMax} bytes: these were not kept.`,
      { limit_bytes: this.#bytesMax, used_bytes: usedBytes },
    );
  }
}

function setWaiting(space: Space, uploadId: string, bytes: number | undefined): void {
  space.waitingBytes += (bytes ?? 0) - (space.waiting.get(uploadId) ?? 0);
  if (bytes === undefined) space.waiting.delete(uploadId);
  else space.waiting.set(uploadId, bytes);
}
