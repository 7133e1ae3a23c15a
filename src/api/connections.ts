/** Connections: accounts elsewhere, which source adapters name by their ids. */
import { z } from "zod";
import { ConnectionResponse } from "../domain/connection/response.js";
import type { CreateConnectionInput, PatchConnectionInput } from "./inputs.js";
import { AsOf, type ListQuery, Pagination } from "./lists.js";
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

export const ConnectionDeletion = z.object({ message: z.string(), connection_id: z.string() });
export type ConnectionDeletion = Readonly<z.infer<typeof ConnectionDeletion>>;

export interface ConnectionDeleted extends Written {
  readonly disconnection: ConnectionDeletion;
}

export type ConnectionResult = ConnectionWritten | ConnectionDeleted;

/** A write to a connection as data. */
export type ConnectionOperation<Sent = unknown> =
  | { readonly type: "create_connection"; readonly body: CreateConnectionInput | Sent }
  | {
      readonly type: "patch_connection";
      /** The id of the connection. */
      readonly connection: string;
      readonly patch: PatchConnectionInput | Sent;
    }
  | { readonly type: "delete_connection"; readonly connection: string };

export const ListConnectionsResponse = z.object({
  results: z.array(ConnectionResponse),
  total: z.number().int(),
  total_count: z.number().int(),
  pagination: Pagination,
  as_of: AsOf.optional(),
});
export type ListConnectionsResponse = Readonly<z.infer<typeof ListConnectionsResponse>>;

/** Accounts elsewhere. What is secret in them is kept, and never answered. */
export interface Connections<Options extends WriteOptions = WriteOptions, Sent = never> {
  /** @throws VALIDATION_FAILED, ALREADY_EXISTS when the name is taken. */
  create(body: CreateConnectionInput | Sent, options?: Options): Promise<ConnectionWritten>;
  /** @throws NOT_FOUND */
  get(connection: string): Promise<ConnectionRead>;
  /** Newest first unless they are sorted. @throws BAD_REQUEST for what does not fit. */
  list(query?: ListQuery<Sent>): Promise<ListConnectionsResponse>;
  /**
   * A field that is there replaces the whole field, null removes what may be absent; a masked leaf of
   * `credentials` or `provider_config` keeps what is stored.
   */
  patch(
    connection: string,
    patch: PatchConnectionInput | Sent,
    options?: Options,
  ): Promise<ConnectionWritten>;
  /** Its credentials are gone for good; adapters that name it go on naming it. */
  delete(connection: string, options?: Options): Promise<ConnectionDeleted>;
}
