/** Who asks, and in which namespace: what the services are given with each request. */
import type { Within } from "../domain/namespace/within.js";

/** With every default filled in. */
export interface KnownCaller {
  readonly actor: string;
  /** Whose Idempotency-Keys are meant: the name of the access token, or of the actor without one. */
  readonly keysOf: string;
  /** The name of the access token that the request came with. */
  readonly token: string | undefined;
  readonly requestId: string | undefined;
  readonly userAgent: string | undefined;
  readonly remoteAddress: string | undefined;
  readonly traceId: string | undefined;
  readonly publicUrl: string;
  /** The namespaces that are open to the caller; undefined for all. */
  readonly opens: Within;
}

export interface Asker {
  readonly namespace: string;
  readonly caller: KnownCaller;
}

/** Of what the store does by itself. */
export function nobody(actor: string): KnownCaller {
  return {
    actor,
    keysOf: actor,
    token: undefined,
    requestId: undefined,
    userAgent: undefined,
    remoteAddress: undefined,
    traceId: undefined,
    publicUrl: "",
    opens: undefined,
  };
}
