/**
 * The route of transactions (CONTRACT: writing with care). Its operations are the writes of the other
 * routes, found in the same table, read as they read them and answered as they answer.
 */
import { z } from "zod";
import { type ServedOperation, TransactionResponse, writtenMediaType } from "../../api/index.js";
import { invalidAt, isBucketsError, withDetails } from "../../domain/errors.js";
import {
  isJsonArray,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  notedFromText,
} from "../../domain/json.js";
import { limits } from "../../domain/limits.js";
import { checkFields, strayFields } from "../../domain/request-fields.js";
import { jsonValue, parseBody, parseQuery, requireObject } from "../../domain/schemas.js";
import { readMediaType } from "../body.js";
import { exampleParameters } from "../example-parameters.js";
import { setCache } from "../headers.js";
import { readPreferences, readTextHeader } from "../preferences.js";
import {
  type ApiRequest,
  assertBody,
  defineRoute,
  type OperationRoute,
  type Route,
} from "../route.js";
import {
  answerWrite,
  assertUnconditional,
  bodyRefusals,
  commitOptions,
  operationHeaders,
  operationOptions,
  setIgnoredFields,
  shownOf,
  wantsWhole,
  writeQuery,
  writeRefusals,
} from "../write.js";

const methodLengthMax = 10;

const OperationRequest = z.object({
  method: z.string().max(methodLengthMax),
  path: z
    .string()
    .max(limits.urlBytesMax)
    .meta({
      description: "Of a write, as in this document, below the server's own path.",
      examples: ["/v1/buckets/product-videos"],
    }),
  body: jsonValue.nullish(),
  headers: z
    .record(z.string(), z.string())
    .nullish()
    .meta({ description: `Of ${["Content-Type", ...operationHeaders].join(", ")}.` }),
});
type OperationRequest = z.infer<typeof OperationRequest>;

const TransactionRequest = z.object({
  operations: z.array(OperationRequest).min(1).max(limits.transactionOperationsMax),
});

/** @param routes those whose writes a transaction can hold, among others. */
export function transactionRoute(routes: readonly Route[]): Route {
  const writes = routes.flatMap(toWrite);
  return defineRoute({
    method: "POST",
    path: "/v1/transactions",
    operationId: "transact",
    summary: "Carry out up to 100 writes in one namespace, all or nothing",
    permission: "write",
    query: writeQuery,
    body: { "application/json": TransactionRequest },
    examples: {
      "application/json": {
        operations: [
          {
            method: "PATCH",
            path: `/v1/buckets/${exampleParameters.bucket_identifier}`,
            body: { description: "Launch films, Q4" },
            headers: { "X-Reason": "the launch moved" },
          },
        ],
      },
    },
    needsBody: true,
    response: TransactionResponse,
    otherResponses: { [writtenMediaType]: TransactionResponse },
    writesMany: true,
    refusals: [...writeRefusals, ...bodyRefusals, 409, 423],
    handle: async (request, query) => {
      const { context, store, namespace, fingerprint } = request;
      assertPermitted(request, writes);
      const options = {
        ...commitOptions(context, fingerprint, query),
        reason: readTextHeader("X-Reason", context.get("X-Reason") || undefined),
      };
      assertUnconditional(context);
      const { isStrict, applied } = readPreferences(context.get("Prefer"), true);
      const json = requireObject(request.body ?? {});
      const { operations: sent } = parseBody(TransactionRequest, json);
      const ignored = checkIgnored(json, isStrict ?? store.isStrict);
      const asked = sent.map((operation, index) =>
        inOperation(sent, index, () => readOperation(operation, index, writes, request)),
      );
      const operations = asked.map(({ operation }) => ({
        ...operation,
        strict: isStrict === true || (operation.strict ?? isStrict),
      }));
      const done = await inTransaction(sent, namespace.transaction(operations, options));
      const isWhole = wantsWhole(context);
      const results = done.results.map((result, index) => {
        const { location = () => ({}), prefer = "", isEmpty = false } = asked[index] ?? {};
        const place = location(result, request.basePath);
        const { mediaType: _, ...answer } = answerWrite(result, shownOf(result), place, {
          prefer,
          isWhole,
          isEmpty,
        });
        return answer;
      });
      if (applied !== "") context.set("Preference-Applied", applied);
      if (done.replayed) context.set("Idempotency-Replayed", "true");
      setIgnoredFields(context, ignored);
      setCache(context, "none");
      const changes = done.results.flatMap((result) => result.changes);
      const answer = { transaction_id: done.transactionId, results };
      const dry = { dry_run: true, changes, result: { results } };
      context.body = JSON.stringify(done.dryRun && !isWhole ? dry : answer);
      context.type = isWhole ? writtenMediaType : "application/json";
    },
  });
}

/** A route that a transaction can hold, and what its paths look like. */
interface Write extends OperationRoute {
  readonly route: Route;
  readonly pattern: RegExp;
}

function toWrite(route: Route): Write[] {
  if (route.operation === undefined) return [];
  const pattern = new RegExp(`^${route.path.replaceAll(/\{(\w+)\}/g, "(?<$1>[^/]+)")}$`);
  return [{ ...route.operation, route, pattern }];
}

function findWrite(writes: readonly Write[], method: unknown, path: unknown): Write | undefined {
  if (typeof path !== "string" || path.length > limits.urlBytesMax) return undefined;
  const [plain = ""] = path.split("?");
  return writes.find(({ route, pattern }) => route.method === method && pattern.test(plain));
}

/** Before anything else, whatever else is wrong: the token must permit each of the operations. */
function assertPermitted({ body, assertPermits }: ApiRequest, writes: readonly Write[]): void {
  const operations = objectsIn(body);
  for (const [index, { method, path }] of operations.entries()) {
    const permission = findWrite(writes, method, path)?.route.permission;
    if (permission !== undefined) inOperation(operations, index, () => assertPermits(permission));
  }
}

/** The operations of a body that may be anything; what is no object is an empty one. */
function objectsIn(body: JsonValue | undefined): readonly JsonObject[] {
  const operations = isJsonObject(body) ? body["operations"] : undefined;
  if (!isJsonArray(operations)) return [];
  return operations.map((operation) => (isJsonObject(operation) ? operation : {}));
}

function checkIgnored(json: JsonObject, isStrict: boolean): readonly string[] {
  const at = (index: number) => (field: string) => `operations.${index}.${field}`;
  const operations = objectsIn(json);
  const within = operations.flatMap((operation, index) =>
    strayFields(operation, OperationRequest).map(at(index)),
  );
  const known = operations.flatMap((_, index) =>
    Object.keys(OperationRequest.shape).map(at(index)),
  );
  return checkFields([...strayFields(json, TransactionRequest), ...within], isStrict, {
    readOnly: [],
    known: [...Object.keys(TransactionRequest.shape), ...known],
  });
}

interface Asked extends Pick<OperationRoute, "location"> {
  readonly operation: ServedOperation;
  readonly prefer: string;
  /** Answered with nothing but headers. */
  readonly isEmpty: boolean;
}

/** Reads an operation as its route reads a request. */
function readOperation(
  { method, path, body, headers: sent }: OperationRequest,
  index: number,
  writes: readonly Write[],
  { requireIfMatch }: ApiRequest,
): Asked {
  const at = ["body", "operations", index];
  const write = findWrite(writes, method, path);
  if (write === undefined) {
    const message = `${method} ${path} is no write that a transaction can hold: see /openapi.json.`;
    throw invalidAt([...at, "path"], "unknown_write", message);
  }
  const { route, pattern, toOperation, location } = write;
  const [plain = "", query = ""] = path.split("?");
  // Dry or not is said once, for the whole.
  const ownQuery = route.query.omit({ dry_run: true });
  const ownParameters = parseQuery(ownQuery, Object.fromEntries(new URLSearchParams(query)));
  const headers = readHeaders(sent ?? {}, [...at, "headers"]);
  const types = Object.keys(route.body ?? {});
  const [defaultType = ""] = types;
  const contentType = headers.get("content-type");
  const mediaType =
    contentType === undefined || types.length === 0
      ? defaultType
      : readMediaType(contentType, types);
  const operation = toOperation({
    params: readParams(pattern.exec(plain)?.groups ?? {}, [...at, "path"]),
    body: notedFromText(body ?? undefined),
    mediaType,
    query: ownParameters,
  });
  assertBody(route, body ?? undefined);
  const header = (name: string) => headers.get(name.toLowerCase());
  return {
    operation: { ...operation, ...operationOptions(header, requireIfMatch) },
    location,
    prefer: header("Prefer") ?? "",
    isEmpty: route.successStatus === 204,
  };
}

const knownHeaders = new Set(["Content-Type", ...operationHeaders].map((n) => n.toLowerCase()));

/** @throws VALIDATION_FAILED for a header that would be passed over. */
function readHeaders(
  sent: Readonly<Record<string, string>>,
  at: readonly (string | number)[],
): ReadonlyMap<string, string> {
  for (const name of Object.keys(sent)) {
    if (knownHeaders.has(name.toLowerCase())) continue;
    const all = ["Content-Type", ...operationHeaders].join(", ");
    const message = `An operation takes the headers ${all}; send others with the transaction.`;
    throw invalidAt([...at, name], "unknown_header", message);
  }
  return new Map(Object.entries(sent).map(([name, value]) => [name.toLowerCase(), value]));
}

function readParams(
  groups: Readonly<Record<string, string>>,
  at: readonly (string | number)[],
): Readonly<Record<string, string>> {
  try {
    const decoded = Object.entries(groups).map(([name, text]) => [name, decodeURIComponent(text)]);
    return Object.fromEntries(decoded);
  } catch {
    throw invalidAt(at, "encoding", "The path is not percent-encoded UTF-8.");
  }
}

interface SentOperation {
  readonly method?: unknown;
  readonly path?: unknown;
}

/** Says of a refusal which operation it is about. */
function inOperation<T>(sent: readonly SentOperation[], index: number, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw named(error, sent, index);
  }
}

async function inTransaction<T>(sent: readonly SentOperation[], done: Promise<T>): Promise<T> {
  try {
    return await done;
  } catch (error) {
    const index = isBucketsError(error) ? error.details["operation_index"] : undefined;
    throw typeof index === "number" ? named(error, sent, index) : error;
  }
}

function named(error: unknown, sent: readonly SentOperation[], index: number): unknown {
  if (!isBucketsError(error)) return error;
  const { method, path } = sent[index] ?? {};
  return withDetails(error, { operation_index: index, method, path });
}
