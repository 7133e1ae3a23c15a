/** The requests of one place: each is a call of the transport, with the headers that all have. */
import type {
  ListQuery,
  ManyWrittenBody,
  OperationResult,
  PastPlace,
  WriteOptions,
} from "../api/index.js";
import { AnyWriteFields, readOptions } from "../api/options.js";
import { assertAsked } from "../api/questions.js";
import { writtenMediaType } from "../api/writes.js";
import { BucketsError } from "../domain/errors.js";
import { type JsonValue, toJson } from "../domain/json.js";
import { type Place, placeHeaders, writeHeaders } from "./place.js";
import { answerWith, read, type Shape } from "./shapes.js";
import type { Answer, Call, Transport } from "./transport.js";

const Many = answerWith<ManyWrittenBody>({ succeeded: "list", failed: "list" });

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
  readonly answer: (operation: Operation) => Shape<OperationResult>;
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

  async get<Answered>(
    path: string,
    query: Call["query"],
    shape: Shape<Answered>,
  ): Promise<Answered> {
    return (await this.transport.json(this.reading(path, query), shape)).body;
  }

  /** One resource, with its place in the log. */
  async read<Answered>(
    path: string,
    query: Call["query"],
    shape: Shape<Answered>,
  ): Promise<Answer<Answered> & { readonly place: ReadPlace }> {
    const answer = await this.transport.json(this.reading(path, query), shape);
    return { ...answer, place: placeOf(answer.headers) };
  }

  /** What is asked by a body, and changes nothing. */
  async ask<Answered>(
    path: string,
    json: JsonValue,
    shape: Shape<Answered>,
    query: Call["query"] = {},
  ): Promise<Answered> {
    const call = { ...this.reading(path, query), method: "POST", json } as const;
    return (await this.transport.json(call, shape)).body;
  }

  /** A list whose whole question is in the body, now or as of a moment. */
  async list<Answered>(path: string, query: ListQuery, shape: Shape<Answered>): Promise<Answered> {
    assertAsked("list", query);
    const { caseSensitive, asOf, ...asked } = query;
    const json = toJson({ ...asked, case_sensitive: caseSensitive });
    return await this.ask(path, json, shape, { as_of: asOf });
  }

  async write<Answered>(
    write: Write,
    options: WriteOptions,
    shape: Shape<Answered>,
  ): Promise<Answered> {
    return (await this.transport.json(this.writing(write, options), shape)).body;
  }

  /** Many writes as one, each accepted or refused by itself. @param shape of an accepted one. */
  async writeMany<Result>(write: Write, options: WriteOptions, shape: Shape<Result>) {
    const { succeeded, failed } = await this.write(write, options, Many);
    return {
      succeeded: succeeded.map((written) => read(shape, written)),
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

function placeOf(headers: Headers): ReadPlace {
  const recordedAt = headers.get("X-Recorded-At");
  return {
    version: Number(headers.get("X-Version")),
    position: Number(headers.get("X-Position")),
    tag: (headers.get("ETag") ?? "").replaceAll('"', ""),
    ...(recordedAt !== null && {
      past: {
        recordedAt: Date.parse(recordedAt),
        isFinal: headers.get("Cache-Control") !== "no-store",
        latestVersion: Number(headers.get("X-Latest-Version")),
      },
    }),
  };
}
