/**
 * A route as data: the router, the OpenAPI document and the permission check are made from the same
 * table, so that they cannot disagree.
 */
import type { ParameterizedContext } from "koa";
import { z } from "zod";
import type {
  EmbeddedStore,
  IngestResponse,
  OperationResult,
  ReadAuditSettings,
  ServedNamespace,
  ServedNamespaces,
  ServedOperation,
  ServedOrganization,
  ServedTokens,
  SignedDelivery,
} from "../api/index.js";
import { BucketsError } from "../domain/errors.js";
import type { JsonValue } from "../domain/json.js";
import type { TakenContents } from "../domain/object/taken-contents.js";
import type { Permission } from "../domain/permissions.js";
import { parsePaging, parseQuery } from "../domain/schemas.js";
import type { Admission } from "./admission.js";
import type { BodyContent } from "./large-body.js";

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** What every request has by the time that it reaches its route. */
export interface RequestState {
  requestId: string;
  /** The template of the route, for logs and metrics. */
  route: string;
  actor: string;
  /** Of the client, also behind a trusted proxy; empty when the connection has gone. */
  address: string;
  /** Of the caller's trace, when it sent a valid one. */
  traceId: string | undefined;
  /** How long answers about the past may be kept without asking again; 0 for not at all. */
  pastCacheSeconds: number;
}

export type HttpContext = ParameterizedContext<RequestState>;

/** A request whose token and body have been checked. */
export interface ApiRequest {
  readonly context: HttpContext;
  readonly store: EmbeddedStore;
  readonly admission: Admission;
  readonly namespace: ServedNamespace;
  /** Of a route that is of the organisation: of the namespace that is named, or of all that are open. */
  readonly organization: ServedOrganization | ServedNamespace;
  /** Takes a delivery in, of whatever namespace its bucket is. */
  readonly ingest: (bucketId: string, delivery: SignedDelivery) => Promise<IngestResponse>;
  readonly params: Readonly<Record<string, string>>;
  readonly body: JsonValue | undefined;
  /** Of blobs, where they were taken out of the body. */
  readonly contents: TakenContents | undefined;
  readonly mediaType: string;
  /** Digest of method, path with query, media type and body. */
  readonly fingerprint: () => string;
  readonly requireIfMatch: boolean;
  readonly auditSettings: () => ReadAuditSettings<unknown>;
  /** All namespaces, for who asks. */
  readonly namespaces: () => ServedNamespaces;
  /** Access tokens, for who asks. */
  readonly tokens: () => ServedTokens;
  /** Those that the token opens; undefined for all. */
  readonly openedNamespaces: readonly string[] | undefined;
  /** @throws FORBIDDEN when the token does not open the namespace. */
  readonly assertOpens: (namespace: string) => void;
  readonly permits: (needed: Permission) => boolean;
  /** @throws FORBIDDEN when the token does not hold the permission. */
  readonly assertPermits: (needed: Permission) => void;
  /** Of the token that it came with. */
  readonly tokenName: string;
  /** Whether the token still opens the route: for answers that go on for long. */
  readonly isStillOpen: () => boolean;
  /** The path under which the server is mounted, without a slash at the end. */
  readonly basePath: string;
  /** Where the caller reaches the server: its origin and base path. */
  readonly publicUrl: string;
}

/** A write as it was sent, by itself or as an operation of a transaction. */
export type SentWrite = Pick<ApiRequest, "params" | "body" | "mediaType"> & {
  /** As its route understands it. */
  readonly query: Readonly<Record<string, unknown>>;
};

/** What makes a route one that a transaction can hold. */
export interface OperationRoute {
  readonly toOperation: (sent: SentWrite) => ServedOperation;
  /** The headers of the answer that say where what was written is. */
  readonly location: (
    result: OperationResult,
    basePath: string,
  ) => Readonly<Record<string, string>>;
}

export interface Route {
  readonly method: Method;
  /** As in OpenAPI: `/v1/buckets/{bucket_identifier}`. */
  readonly path: string;
  /** The last parameter of the path takes the rest of it, slashes and all. */
  readonly takesRest?: true;
  readonly operationId: string;
  readonly summary: string;
  /** What the token must hold; undefined for routes without a token. */
  readonly permission: Permission | undefined;
  /** About the whole store: a token that is limited to namespaces does not open it. */
  readonly isStoreWide?: true;
  /** `X-Namespace: *` asks for all namespaces; a token that is limited to some does not open that. */
  readonly takesAllNamespaces?: true;
  /**
   * About namespaces: the path names the one that it is about, or the handler finds out and asks
   * whether the token opens it. X-Namespace means nothing to it.
   */
  readonly namesNamespace?: true;
  /**
   * About what belongs to the organisation: without X-Namespace it is about every namespace that the
   * token opens.
   */
  readonly isOfOrganization?: true;
  /** Request headers beside those that every route reads. */
  readonly headers?: readonly string[];
  /** Unknown parameters are refused. */
  readonly query: z.ZodObject;
  /**
   * It may look at very much, always or where it is about the past: a reader answers it then, where
   * there are some. It writes nothing.
   */
  readonly scans?: true | "past";
  /** Of a list that the hosted API has as well: a page that it cannot have is a 422, as there. */
  readonly isHostedList?: true;
  /** The schema of the body by media type, the default first; undefined when there is none. */
  readonly body?: Readonly<Record<string, z.ZodType>>;
  /**
   * A body of each media type, as a client would send it: the document shows it, and a test sends
   * it with the ids that there are in place of those of `exampleParameters`. Where the body has no
   * fields, or the route takes bytes, there is none to give.
   */
  readonly examples?: Readonly<Record<string, JsonValue>>;
  /** How large a body may be; 1 MiB unless given. */
  readonly bodyBytesMax?: number;
  /** What is in a body that is larger than that of others. */
  readonly bodyContent?: BodyContent;
  /** A signature is the authority: what fails for want of it is counted by address. */
  readonly isSigned?: true;
  /** How the body is read; as our own requests are, strictly, unless given. */
  readonly parseBody?: (bytes: Uint8Array) => JsonValue;
  /** The bytes of the body are for the handler to read. */
  readonly takesBytes?: true;
  /** They may take as long as they keep arriving. */
  readonly isUnhurried?: true;
  /** Whether a body must be there. */
  readonly needsBody?: boolean;
  readonly response: z.ZodType;
  /** The media types of the answer; `application/json` unless given. */
  readonly responseTypes?: readonly string[];
  /** Other media types that it answers with, by Accept, and their schemas. */
  readonly otherResponses?: Readonly<Record<string, z.ZodType>>;
  /** Answers a Range with 206. */
  readonly isRanged?: true;
  /** Of the hosted API alone: every request is refused, with what is served instead. */
  readonly isUnserved?: true;
  /** 200 unless given. */
  readonly successStatus?: 202 | 204;
  /** When it answers 204, without a body, instead. */
  readonly emptyAnswer?: string;
  /** The statuses of refusals, beside those that every route can answer. */
  readonly refusals: readonly number[];
  readonly operation?: OperationRoute;
  /** Many writes as one: conditions, and whether the answer is minimal, are for each to say. */
  readonly writesMany?: true;
  /** Checks the query, which comes before the body, and returns what answers the request. */
  readonly prepare: (query: unknown) => (request: ApiRequest) => Promise<void>;
}

/** A route whose handler gets its query parsed. */
export function defineRoute<Query extends z.ZodObject>(
  definition: Omit<Route, "prepare" | "query"> & {
    readonly query: Query;
    readonly handle: (request: ApiRequest, query: z.infer<Query>) => Promise<void>;
  },
): Route {
  const { handle, ...route } = definition;
  return {
    ...route,
    prepare: (sent) => {
      const parse = definition.isHostedList === true ? parsePaging : parseQuery;
      const query = parse(definition.query, sent);
      return (request) => handle(request, query);
    },
  };
}

/** @throws BAD_REQUEST when the route needs a body and there is none. */
export function assertBody(route: Route, json: JsonValue | undefined): void {
  if (route.needsBody !== true || json !== undefined) return;
  throw new BucketsError("BAD_REQUEST", "The body is empty: send a JSON document.");
}

export const noQuery = z.strictObject({});

/** A parameter of the hosted API that means nothing here: it is taken, and named as ignored. */
export const ignoredParameter = z
  .string()
  .optional()
  .meta({ description: "Of the hosted API; it means nothing here." });

/** Those of a route that were sent. */
export function ignoredOf({ query }: Pick<Route, "query">, sent: object): readonly string[] {
  return Object.keys(sent).filter((name) => query.shape[name] === ignoredParameter);
}

const truths = ["true", "false"] as const;

/** A yes or no in a query, in any case: what Python writes is `True`. */
export const flag = z
  .string()
  .toLowerCase()
  .pipe(z.enum(truths))
  .meta({ enum: [...truths] })
  .optional();

/** A point of a whole namespace, as the query of lists names one. */
export const asOfNamespace = z
  .string()
  .optional()
  .meta({ description: "A position (@1234), an RFC 3339 time with offset, or a day." });

/** A point in the past, as the query of many routes names one. */
export const asOf = z.string().optional().meta({
  description: "A version (7), a position (@1234), an RFC 3339 time with offset, or a day.",
});
