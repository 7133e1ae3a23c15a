/** What a log behind a server has signed, and proofs of what is in it. */
import type {
  CheckpointAnswer,
  ConsistencyAnswer,
  InclusionAnswer,
  LogAnswer,
  Proofs,
} from "../api/index.js";
import { answerWith, type Shape } from "./shapes.js";
import type { Transport } from "./transport.js";

const Checkpoint = answerWith<CheckpointAnswer>({ size: "number", note: "string" });
const Log = answerWith<LogAnswer>({ log_id: "string", origin: "string" });
const Inclusion = answerWith<InclusionAnswer>({ leaf: "string", hashes: "list" });
const Consistency = answerWith<ConsistencyAnswer>({ from_root: "string", hashes: "list" });

export class RemoteProofs implements Proofs {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  async checkpoint(query: { readonly size?: number | undefined } = {}): Promise<CheckpointAnswer> {
    return await this.#read("/v1/log/checkpoint", query, Checkpoint);
  }

  async sign(): Promise<CheckpointAnswer> {
    const path = "/v1/admin/checkpoints";
    const call = { kind: "write", retries: 0, method: "POST", path } as const;
    return (await this.#transport.json(call, Checkpoint)).body;
  }

  async log(): Promise<LogAnswer> {
    return await this.#read("/v1/admin/log", {}, Log);
  }

  async inclusion(query: {
    readonly position: number;
    readonly size?: number | undefined;
  }): Promise<InclusionAnswer> {
    return await this.#read("/v1/log/proofs/inclusion", query, Inclusion);
  }

  async consistency(query: {
    readonly from: number;
    readonly to: number;
  }): Promise<ConsistencyAnswer> {
    return await this.#read("/v1/log/proofs/consistency", query, Consistency);
  }

  async #read<Answer>(
    path: string,
    query: Readonly<Record<string, number | undefined>>,
    shape: Shape<Answer>,
  ): Promise<Answer> {
    const call = { kind: "read", method: "GET", path, query } as const;
    return (await this.#transport.json(call, shape)).body;
  }
}
