/** The part of `verify` that is about the bytes of blobs: what an event refers to must be there. */
import type { BlobStore } from "../../blobstore/blob-store.js";
import { isBucketsError } from "../../domain/errors.js";
import type { BlobCheck, VerifyReport } from "../../domain/reports.js";
import { kindOfStream } from "../../domain/resource.js";
import { isAsTold } from "../../domain/token/record.js";
import type { CheckedRows, RowMacs, RowSeals } from "../../eventstore/row-seals.js";
import type { TokenTable } from "../../eventstore/token-table.js";
import type { Reference, View } from "../../projections/view.js";

interface RowParts {
  readonly seals: RowSeals;
  readonly rowMacs: RowMacs;
}

interface VerifyParts {
  readonly view: View;
  readonly blobs: BlobStore;
}

/** Looks at the contents in the order of their hashes, up to the first fault. */
export async function verifyBlobs(
  { view, blobs }: VerifyParts,
  check: BlobCheck,
): Promise<Pick<VerifyReport, "fault" | "blobs">> {
  let checked = 0;
  for await (const reference of view.references()) {
    checked += 1;
    const found = await lookAt(blobs, reference.hash, check);
    if (found === "damaged" || found === "missing") {
      return { blobs: { check, checked }, fault: faultOf(reference, found) };
    }
  }
  return { blobs: { check, checked } };
}

/** The rows that are no fold of the log. What needs the key is not checked without it. */
export async function checkRows({ seals, rowMacs }: RowParts): Promise<CheckedRows> {
  try {
    return await seals.verify(rowMacs);
  } catch (error) {
    if (!isBucketsError(error) || error.code !== "KEY_MISSING") throw error;
    const why =
      "access tokens, idempotency keys and other rows beside the log: their key is missing";
    return { checked: 0, notChecked: [why] };
  }
}

/** What is wrong with the rows by which tokens open the store: each is to be as the log tells. */
export async function findTokenFault(table: TokenTable): Promise<string | undefined> {
  for (const token of await table.all()) {
    const { name, told, isUnrecorded } = token;
    if (told === undefined && !isUnrecorded) {
      return `the token "${name}" was put in beside the log, which does not tell of it: revoke it`;
    }
    if (told !== undefined && !isAsTold(token, told)) {
      return `the token "${name}" was altered: the log tells otherwise of ${told.token_id}`;
    }
  }
  return undefined;
}

async function lookAt(blobs: BlobStore, hash: string, check: BlobCheck) {
  if (check === "content") return await blobs.verify(hash);
  const content = await blobs.read(hash);
  content?.stream.destroy();
  return content === undefined ? "missing" : "there";
}

function faultOf({ hash, stream, position }: Reference, found: "damaged" | "missing") {
  const owner = `the ${kindOfStream(stream)} ${stream}`;
  return { position, problem: `the bytes ${hash}, to which ${owner} refers, are ${found}` };
}
