/** What a log behind a server has signed, and proofs of what is in it. */
import type { z } from "zod";
import {
  CheckpointAnswer,
  ConsistencyAnswer,
  InclusionAnswer,
  LogAnswer,
  type Proofs,
} from "../api/index.js";
import type { Transport } from "./transport.js";

export class RemoteProofs implements Proofs {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  async checkpoint(query: { readonly size?: number | undefined } = {}): Promise<CheckpointAnswer> {
    return await this.#read("/v1/log/checkpoint", query, CheckpointAnswer);
  }

  async sign(): Promise<CheckpointAnswer> {
    const path = "/v1/admin/checkpoints";
    const call = { kind: "write", retries: 0, method: "POST", path } as const;
    return (await this.#transport.json(call, CheckpointAnswer)).body;
  }

  async log(): Promise<LogAnswer> {
    return await this.#read("/v1/admin/log", {}, LogAnswer);
  }

  async inclusion(query: {
    readonly position: number;
    readonly size?: number | undefined;
  }): Promise<InclusionAnswer> {
    return await this.#read("/v1/log/proofs/inclusion", query, InclusionAnswer);
  }

  async consistency(query: {
    readonly from: number;
    readonly to: number;
  }): Promise<ConsistencyAnswer> {
    return await this.#read("/v1/log/proofs/consistency", query, ConsistencyAnswer);
  }

  async #read<Answer>(
    path: string,
    query: Readonly<Record<string, number | undefined>>,
    schema: z.ZodType<Answer>,
  ): Promise<Answer> {
    const call = { kind: "read", method: "GET", path, query } as const;
    return (await this.#transport.json(call, schema)).body;
  }
}
