/** The part of autocannon that the benchmark uses; the package brings no types. */
declare module "autocannon" {
  export interface Request {
    readonly method: "GET" | "PATCH";
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: string;
  }

  export interface Client {
    setRequests(requests: readonly Request[]): void;
    /** The latency is in milliseconds, with fractions. */
    on(event: "response", listener: (status: number, bytes: number, latency: number) => void): void;
  }

  export interface Options {
    readonly url: string;
    readonly connections: number;
    /** Seconds. */
    readonly duration: number;
    readonly setupClient: (client: Client) => void;
  }

  export interface Result {
    /** Seconds. */
    readonly duration: number;
    readonly errors: number;
    readonly non2xx: number;
    readonly requests: { readonly total: number };
  }

  export default function autocannon(options: Options): Promise<Result>;
}
