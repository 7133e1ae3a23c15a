/** The door of every operation, alone or as one of a transaction: each is checked by its kind. */
import type {
  OperationKind,
  OperationResult,
  Operations,
  ServedCommitOptions,
  ServedOperation,
  ServedOperationOptions,
  Transacted,
  TransactionOptions,
} from "../api/index.js";
import {
  assertList,
  kindOfOperation,
  readCommit,
  readOperation,
  readOptions,
  TransactionFields,
} from "../api/options.js";
import { type ErrorDetails, invalidAt, isBucketsError, withDetails } from "../domain/errors.js";
import { limits } from "../domain/limits.js";
import type { Asker } from "./asker.js";
import { checkBatchOperation } from "./batches/operations.js";
import { checkBucketOperation } from "./buckets/operations.js";
import { checkConnectionOperation } from "./connections/connections.js";
import { checkObjectOperation } from "./objects/operations.js";
import type { ServiceParts } from "./parts.js";
import { checkSyncOperation } from "./syncs/operations.js";
import { checkUploadOperation } from "./uploads/operations.js";
import { withStrictness } from "./write/strictness.js";
import type { Checked } from "./write/writing.js";

/** How the operations on each kind are checked. */
type Checks = {
  readonly [Kind in OperationKind]: (
    parts: ServiceParts,
    asker: Asker,
    operation: Operations[Kind] & ServedOperationOptions,
    isDry: boolean,
  ) => Checked<OperationResult>;
};

const checks: Checks = {
  bucket: checkBucketOperation,
  object: checkObjectOperation,
  batch: (parts, _, operation) => checkBatchOperation(parts, operation),
  upload: checkUploadOperation,
  sync: checkSyncOperation,
  connection: (parts, _, operation) => checkConnectionOperation(parts, operation),
};

/** Where and how an operation is carried out. */
interface Carrying {
  readonly parts: ServiceParts;
  readonly asker: Asker;
  /** Whether nothing may be kept. */
  readonly isDry: boolean;
}

function check(operation: ServedOperation, how: Carrying): Checked<OperationResult> {
  return checkAs(kindOfOperation(operation), operation, how);
}

function checkAs<Kind extends OperationKind>(
  kind: Kind,
  operation: Operations[Kind] & ServedOperationOptions,
  { parts, asker, isDry }: Carrying,
): Checked<OperationResult> {
  return checks[kind](parts, asker, withStrictness(parts, operation), isDry);
}

/** Carries one out. @throws what refuses it; then nothing was recorded. */
export async function carryOut(
  parts: ServiceParts,
  asker: Asker,
  given: ServedOperation,
  options: ServedCommitOptions,
): Promise<OperationResult> {
  const commit = readCommit(options);
  const how = { parts, asker, isDry: commit.dryRun === true };
  const checked = check(readOperation(given, "alone"), how);
  return await parts.units.writeOne(asker, checked, commit);
}

/** Carries all out, or none. @throws what refuses one of them, with its place in the list. */
export async function transact(
  parts: ServiceParts,
  asker: Asker,
  operations: readonly ServedOperation[],
  options: TransactionOptions & ServedCommitOptions,
): Promise<Transacted> {
  const commit = readOptions(TransactionFields, options);
  assertList(operations, "operations");
  checkCount(operations.length);
  const how = { parts, asker, isDry: commit.dryRun === true };
  const checked = operations.map((given, index) => {
    try {
      return check(readOperation(given, "in a transaction"), how);
    } catch (error) {
      throw isBucketsError(error) ? withDetails(error, detailsOf(index)) : error;
    }
  });
  const transactionId = parts.newId("txn");
  const done = await parts.units.write(asker, checked, { ...commit, transactionId, detailsOf });
  return { ...done, transactionId: done.dryRun ? undefined : done.transactionId };
}

function detailsOf(index: number): ErrorDetails {
  return { operation_index: index };
}

/** @throws VALIDATION_FAILED */
function checkCount(count: number): void {
  if (count >= 1 && count <= limits.transactionOperationsMax) return;
  throw invalidAt(
    ["body", "operations"],
    count === 0 ? "too_small" : "too_big",
    `A transaction has 1 to ${limits.transactionOperationsMax} operations; this one has ${count}.`,
  );
}
