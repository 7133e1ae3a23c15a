/** The namespaces of a store: those that somebody made, and those that are there by what is in them. */
import { z } from "zod";
import { NamespaceResponse } from "../domain/namespace/response.js";
import type { NamespaceDeletionTask } from "../domain/task.js";
import type { CreateNamespaceInput, PatchNamespaceInput } from "./inputs.js";
import { AsOf, type ListQuery, Pagination, type ServedListQuery } from "./lists.js";
import type { PastPlace, PastReads } from "./past.js";
import type { Caller, ServedCaller, ServedWriteOptions, WriteOptions, Written } from "./writes.js";

export interface NamespaceAnswer {
  readonly namespace: NamespaceResponse;
  /** 0 for one that nobody made. */
  readonly version: number;
  /** Of the newest event of its own; what is in it moves its counts alone. */
  readonly position: number;
  /** The strong entity tag, without quotes. */
  readonly tag: string;
}

export interface NamespaceRead extends NamespaceAnswer {
  /** There for an answer about the past of one that was made. */
  readonly past?: PastPlace;
}

export interface NamespaceWritten extends Written {
  readonly namespace: NamespaceResponse;
}

export interface NamespaceDeleted extends Written {
  readonly task: NamespaceDeletionTask;
}

const average = z.number();
const total = z.number().int();

export const ListNamespacesResponse = z.object({
  results: z.array(NamespaceResponse),
  total_count: z.number().int(),
  pagination: Pagination,
  /** Of all that were selected. */
  stats: z.object({
    total_buckets: total,
    total_objects: total,
    total_documents: total,
    total_collections: total,
    total_feature_extractors: total,
    total_payload_indexes: total,
    avg_buckets_per_namespace: average,
    avg_objects_per_namespace: average,
    avg_documents_per_namespace: average,
    avg_collections_per_namespace: average,
    avg_feature_extractors_per_namespace: average,
    avg_payload_indexes_per_namespace: average,
  }),
  as_of: AsOf.optional(),
});
export type ListNamespacesResponse = Readonly<z.infer<typeof ListNamespacesResponse>>;

/**
 * The namespaces of a store. None needs to be made: one is there while something is in it. What is
 * made has a description and settings of its own, and a history. An identifier is its id, or its name.
 */
export interface Namespaces<Options extends WriteOptions = WriteOptions, Sent = never>
  extends PastReads {
  /** The same for somebody else. */
  as(caller: Caller): Namespaces<Options, Sent>;
  /**
   * Makes a namespace, also of one that is there already by what is in it.
   * @throws VALIDATION_FAILED, ALREADY_EXISTS when somebody made it before.
   */
  create(body: CreateNamespaceInput | Sent, options?: Options): Promise<NamespaceWritten>;
  /**
   * Reads a namespace with what is in it counted: as it is, or with `asOf` as it was. One that nobody
   * made has no versions, but positions and times.
   * @throws NOT_FOUND, also where nothing is in it and nobody made it.
   */
  get(namespace: string, options?: { readonly asOf?: string | undefined }): Promise<NamespaceRead>;
  /** All that are there: the newest first, those that nobody made last. Reads every one of them. */
  list(query?: ListQuery<Sent>): Promise<ListNamespacesResponse>;
  /**
   * A field that is there replaces the whole field, null removes what may be absent; a masked key
   * keeps what is stored.
   * @throws VALIDATION_FAILED for another name: the log proves each event with the name of then.
   * NOT_FOUND; CONFLICT for one that nobody made.
   */
  patch(
    namespace: string,
    patch: PatchNamespaceInput | Sent,
    options?: Options,
  ): Promise<NamespaceWritten>;
  /**
   * Deletes it with its buckets and connections, up to 1,000, all in one transaction or none. Their
   * histories go on; its name is free.
   * @throws NOT_FOUND; CONFLICT for one that nobody made and one that holds more; BUCKET_LOCKED for
   * one with a bucket that is locked.
   */
  delete(namespace: string, options?: Options): Promise<NamespaceDeleted>;
}

export interface ServedNamespaceListQuery<Sent = unknown> extends ServedListQuery<Sent> {
  /** Tells of these alone; of all unless given. */
  readonly within?: readonly string[] | undefined;
}

/** The namespaces of a store in this process, as a server asks for them. */
export interface ServedNamespaces<Sent = unknown> extends Namespaces<ServedWriteOptions, Sent> {
  as(caller: ServedCaller): ServedNamespaces<Sent>;
  list(query?: ServedNamespaceListQuery<Sent>): Promise<ListNamespacesResponse>;
  /** The name of the one with that id, also if it was deleted; what is no such id is a name itself. */
  nameOf(identifier: string): Promise<string>;
}
