/** Connections: accounts elsewhere, which source adapters name by their ids. */
import { z } from "zod";
import { ConnectionResponse } from "../../domain/connection/response.js";
import { Pagination } from "./lists.js";
import type { WriteOptions, Written } from "./writes.js";

export interface ConnectionRead {
  readonly connection: ConnectionResponse;
  readonly version: number;
  /** The newest event that is folded into the answer. */
  readonly position: number;
  /** The strong entity tag, without quotes. */
  readonly tag: string;
}

export interface ConnectionWritten extends Written {
  readonly connection: ConnectionResponse;
}

/** A write to a connection as data. */
export type ConnectionOperation =
  | { readonly type: "create_connection"; readonly body: unknown }
  | {
      readonly type: "patch_connection";
      /** The id of the connection. */
      readonly connection: string;
      readonly patch: unknown;
    }
  | { readonly type: "delete_connection"; readonly connection: string };

export interface ConnectionListQuery {
  readonly limit?: number | undefined;
  readonly offset?: number | undefined;
}

export const ListConnectionsResponse = z.object({
  results: z.array(ConnectionResponse),
  total_count: z.number().int(),
  pagination: Pagination,
});
export type ListConnectionsResponse = Readonly<z.infer<typeof ListConnectionsResponse>>;

/** The connections of one namespace. What is in their `credentials` is kept, and never answered. */
export interface Connections<Options extends WriteOptions = WriteOptions> {
  /** @throws VALIDATION_FAILED, ALREADY_EXISTS when the name is taken. */
  create(body: unknown, options?: Options): Promise<ConnectionWritten>;
  /** @throws NOT_FOUND */
  get(connection: string): Promise<ConnectionRead>;
  /** Newest first. */
  list(query?: ConnectionListQuery): Promise<ListConnectionsResponse>;
  /**
   * A field that is there replaces the whole field, null removes it; a masked leaf of `credentials`
   * keeps what is stored.
   */
  patch(connection: string, patch: unknown, options?: Options): Promise<ConnectionWritten>;
  /** Its credentials are gone for good; adapters that name it go on naming it. */
  delete(connection: string, options?: Options): Promise<ConnectionWritten>;
}
