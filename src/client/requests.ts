/** The requests of one place: each is a call of the transport, with the headers that all have. */
import type { z } from "zod";
import {
  type ListQuery,
  ManyWrittenBody,
  type OperationResult,
  type PastPlace,
  type WriteOptions,
  type Written,
  type WrittenBody,
  writtenMediaType,
} from "../api/index.js";
import { AnyWriteFields, readOptions } from "../api/options.js";
import { BucketsError } from "../domain/errors.js";
import { type JsonValue, toJson } from "../domain/json.js";
import { type Place, placeHeaders, writeHeaders } from "./place.js";
import type { Answer, Call, Transport } from "./transport.js";

/** A write, without what all have in common. */
export interface Write {
  readonly method: "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly query?: Call["query"];
  readonly json?: JsonValue;
  readonly mediaType?: string | undefined;
}

/** The operations on a kind of resource, as they are sent alone and in transactions. */
export interface RemoteOperations<Operation> {
  readonly request: (operation: Operation) => Write;
  /** The answer to the operation, and what it tells. */
  readonly answer: (operation: Operation) => z.ZodType<OperationResult>;
}

/** Where what was read is in the log, and in the past. */
interface ReadPlace {
  readonly version: number;
  readonly position: number;
  readonly tag: string;
  readonly past?: PastPlace;
}

export class Requests {
  readonly transport: Transport;
  readonly place: Place;

  constructor(transport: Transport, place: Place) {
    this.transport = transport;
    this.place = place;
  }

  async get<Schema extends z.ZodType>(
    path: string,
    query: Call["query"],
    schema: Schema,
  ): Promise<z.output<Schema>> {
    return (await this.transport.json(this.reading(path, query), schema)).body;
  }

  /** One resource, with its place in the log. */
  async read<Schema extends z.ZodType>(
    path: string,
    query: Call["query"],
    schema: Schema,
  ): Promise<Answer<z.output<Schema>> & { readonly place: ReadPlace }> {
    const answer = await this.transport.json(this.reading(path, query), schema);
    return { ...answer, place: placeOf(answer.headers) };
  }

  /** What is asked by a body, and changes nothing. */
  async ask<Schema extends z.ZodType>(
    path: string,
    json: JsonValue,
    schema: Schema,
    query: Call["query"] = {},
  ): Promise<z.output<Schema>> {
    const call = { ...this.reading(path, query), method: "POST", json } as const;
    return (await this.transport.json(call, schema)).body;
  }

  /** A list whose whole question is in the body, now or as of a moment. */
  list<Schema extends z.ZodType>(
    path: string,
    { caseSensitive, asOf, ...asked }: ListQuery,
    schema: Schema,
  ): Promise<z.output<Schema>> {
    const json = toJson({ ...asked, case_sensitive: caseSensitive });
    return this.ask(path, json, schema, { as_of: asOf });
  }

  async write<Schema extends z.ZodType>(
    write: Write,
    options: WriteOptions,
    schema: Schema,
  ): Promise<z.output<Schema>> {
    return (await this.transport.json(this.writing(write, options), schema)).body;
  }

  /** Many writes as one, each accepted or refused by itself. @param schema of an accepted one. */
  async writeMany<Result>(write: Write, options: WriteOptions, schema: z.ZodType<Result>) {
    const { succeeded, failed } = await this.write(write, options, ManyWrittenBody);
    return {
      succeeded: succeeded.map((written) => schema.parse(written)),
      failed: failed.map(({ index, code, error, details }) => ({
        index,
        error: new BucketsError(code, error, details),
      })),
    };
  }

  reading(path: string, query: Call["query"] = {}): Call {
    return { kind: "read", method: "GET", path, query, headers: placeHeaders(this.place) };
  }

  /** Every write has a key, so that it is done once however often it has to be sent. */
  writing({ mediaType, ...write }: Write, given: WriteOptions): Call {
    const options = readOptions(AnyWriteFields, given);
    const isDry = options.dryRun === true;
    return {
      ...write,
      kind: isDry ? "read" : "write",
      query: { ...write.query, dry_run: isDry ? "true" : undefined },
      headers: {
        ...placeHeaders(this.place),
        ...writeHeaders(options),
        ...(mediaType !== undefined && { "Content-Type": mediaType }),
        Accept: `${writtenMediaType}, application/json`,
      },
      idempotencyKey: options.idempotencyKey ?? (isDry ? undefined : crypto.randomUUID()),
    };
  }
}

/** A write whose body may be left out. */
export function posted(path: string, body: unknown): Write {
  return { method: "POST", path, json: toJson(body ?? {}) };
}

export function writtenOf(body: Omit<z.infer<typeof WrittenBody>, "result">): Written {
  const { version, position, tag, changes, replayed } = body;
  return {
    version,
    position,
    tag,
    changes,
    ignoredFields: body.ignored_fields,
    replayed,
    dryRun: body.dry_run,
  };
}

function placeOf(headers: Headers): ReadPlace {
  const recordedAt = headers.get("X-Recorded-At");
  return {
    version: Number(headers.get("X-Version")),
    position: Number(headers.get("X-Position")),
    tag: (headers.get("ETag") ?? "").replaceAll('"', ""),
    ...(recordedAt !== null && {
      past: {
        recordedAt: Date.parse(recordedAt),
        isFinal: headers.get("Cache-Control")?.includes("immutable") === true,
        latestVersion: Number(headers.get("X-Latest-Version")),
      },
    }),
  };
}
