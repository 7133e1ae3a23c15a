/** Operations as data over HTTP: each as the request that it is by itself, also in a transaction. */

import type {
  CommitOptions,
  Operation,
  OperationKind,
  OperationResult,
  Operations,
  Transacted,
  TransactionOptions,
  TransactionResponse,
} from "../api/index.js";
import {
  assertList,
  kindOfOperation,
  readOperation,
  readOptions,
  TransactionFields,
} from "../api/options.js";
import { writtenMediaType } from "../api/writes.js";
import { type JsonValue, toJson } from "../domain/json.js";
import { batchOperations } from "./batches.js";
import { bucketOperations } from "./buckets.js";
import { connectionOperations } from "./connections.js";
import { objectOperations } from "./objects.js";
import { placeHeaders, writeHeaders } from "./place.js";
import type { RemoteOperations, Requests } from "./requests.js";
import { answerWith, read } from "./shapes.js";
import { syncOperations } from "./syncs.js";
import { uploadOperations } from "./uploads.js";

const Transaction = answerWith<TransactionResponse>({ results: "list" });

/** Done once however often it has to be sent, under one key for the whole. */
export async function transact(
  { transport, place }: Requests,
  given: readonly Operation[],
  asked: TransactionOptions,
): Promise<Transacted> {
  const options = readOptions(TransactionFields, asked);
  assertList(given, "operations");
  // Copies: the operations are the caller's, who may change them while the answer travels.
  const operations = given.map((operation) => readOperation(operation, "in a transaction"));
  const isDry = options.dryRun === true;
  const call = {
    kind: isDry ? "read" : "write",
    method: "POST",
    path: "/v1/transactions",
    query: { dry_run: isDry ? "true" : undefined },
    json: toJson({ operations: operations.map(toRequest) }),
    headers: {
      ...placeHeaders(place),
      ...writeHeaders(options),
      Accept: `${writtenMediaType}, application/json`,
    },
    idempotencyKey: options.idempotencyKey ?? (isDry ? undefined : crypto.randomUUID()),
  } as const;
  const { body, headers } = await transport.json(call, Transaction);
  return {
    transactionId: body.transaction_id,
    results: operations.map((operation, index) => resultOf(operation, body.results[index]?.body)),
    replayed: headers.get("Idempotency-Replayed") === "true",
    dryRun: isDry,
  };
}

/** One by itself. */
export async function writeRemotely(
  requests: Requests,
  given: Operation,
  options: CommitOptions,
): Promise<OperationResult> {
  const operation = readOperation(given, "in a transaction");
  const { request, answer } = remoteOf(kindOfOperation(operation));
  const { reason, ifVersion, strict } = operation;
  const asked = { reason, ifVersion, strict, ...options };
  return await requests.write(request(operation), asked, answer(operation));
}

const remote: { readonly [Kind in OperationKind]: RemoteOperations<Operations[Kind]> } = {
  bucket: bucketOperations,
  object: objectOperations,
  batch: batchOperations,
  upload: uploadOperations,
  sync: syncOperations,
  connection: connectionOperations,
};

function remoteOf<Kind extends OperationKind>(kind: Kind): RemoteOperations<Operations[Kind]> {
  return remote[kind];
}

function resultOf(operation: Operation, body: JsonValue | undefined): OperationResult {
  return read(remoteOf(kindOfOperation(operation)).answer(operation), body);
}

/** Its request in the words of a transaction. */
function toRequest(operation: Operation) {
  const write = remoteOf(kindOfOperation(operation)).request(operation);
  const { method, path, query = {}, json, mediaType } = write;
  const asked = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) asked.set(name, String(value));
  }
  return {
    method,
    path: asked.size === 0 ? path : `${path}?${asked}`,
    ...(json !== undefined && { body: json }),
    headers: {
      ...writeHeaders(operation),
      ...(mediaType !== undefined && { "Content-Type": mediaType }),
    },
  };
}
