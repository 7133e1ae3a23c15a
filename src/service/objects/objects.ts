/** The objects of one bucket for one caller: every write is an operation, every read a view. */

import type {
  ListObjectsResponse,
  ObjectFormat,
  ObjectGetOptions,
  ObjectListQuery,
  ObjectRead,
  ObjectRefused,
  ObjectsCreated,
  ObjectWritten,
  PatchFormat,
  ProcessingFormat,
  ServedBlob,
  ServedObjects,
  ServedOperation,
  ServedWriteOptions as WriteOptions,
} from "../../api/index.js";
import { assertList, CreateManyFields, readOptions } from "../../api/options.js";
import { assertAsked } from "../../api/questions.js";
import { type AggregateResponse, Aggregator } from "../../domain/aggregate/aggregate.js";
import { parseAggregate } from "../../domain/aggregate/request.js";
import { BucketsError, invalidAt, invariant, isBucketsError } from "../../domain/errors.js";
import { toJson } from "../../domain/json.js";
import { limits } from "../../domain/limits.js";
import { findBlob, withUrls } from "../../domain/object/blob-answers.js";
import { objectCatalog, objectFields, renderObject } from "../../domain/object/response.js";
import { nextTurn } from "../../timers.js";
import { downloadUrl } from "../keys/presign.js";
import type { InBucket } from "../parts.js";
import { ownQuery } from "../read/lists.js";
import { MemberReads } from "../read/member-reads.js";
import { findOwner, findOwnerAt } from "../read/owners.js";
import { withStrictness } from "../write/strictness.js";
import type { Checked } from "../write/writing.js";
import { blobAnswer } from "./blobs.js";
import { listObjects } from "./lists.js";
import { checkObjectOperation } from "./operations.js";

export class ObjectService extends MemberReads<"object"> implements ServedObjects {
  readonly #service: InBucket;

  constructor(service: InBucket) {
    super(service.parts, "object", service);
    this.#service = service;
  }

  create(
    body: unknown,
    options: WriteOptions & ObjectFormat & ProcessingFormat = {},
  ): Promise<ObjectWritten> {
    const { bucket } = this.#service;
    return this.#write({ ...options, type: "create_object", bucket, body }, options);
  }

  async createMany(
    bodies: readonly unknown[],
    given: WriteOptions & ObjectFormat & ProcessingFormat = {},
  ): Promise<ObjectsCreated> {
    const { parts, asker, bucket } = this.#service;
    const options = withStrictness(parts, readOptions(CreateManyFields, given));
    assertList(bodies, "objects");
    checkCount(bodies.length);
    const isDry = options.dryRun === true;
    const failed: ObjectRefused[] = [];
    const checked: { readonly index: number; readonly operation: Checked<ObjectWritten> }[] = [];
    for (const [index, body] of bodies.entries()) {
      // Together they may be large; what was taken out of them, nobody else can change.
      if (options.contents !== undefined) await nextTurn();
      const contents = options.contents?.within([index]);
      try {
        const asked = { ...options, contents, type: "create_object", bucket, body } as const;
        checked.push({ index, operation: checkObjectOperation(parts, asker, asked, isDry) });
      } catch (error) {
        if (!isBucketsError(error)) throw error;
        failed.push({ index, error });
      }
    }
    if (checked.length === 0) {
      await findOwner(this.#service.parts, this.#service);
      return { succeeded: [], failed };
    }
    const asked = checked.map(({ operation }) => operation);
    const done = await parts.units.write(asker, asked, { ...options, acceptance: "each" });
    for (const { index, code, message, details } of done.refusals) {
      const error = new BucketsError(code, message, details);
      // The bucket of one is that of all.
      if (code === "NOT_FOUND" && details["resource"] === "bucket") throw error;
      failed.push({ index: checked[index]?.index ?? index, error });
    }
    return { succeeded: done.results, failed: failed.sort((a, b) => a.index - b.index) };
  }

  put(object: string, body: unknown, options: WriteOptions = {}): Promise<ObjectWritten> {
    const { bucket } = this.#service;
    return this.#write({ ...options, type: "put_object", bucket, object, body }, options);
  }

  patch(
    object: string,
    patch: unknown,
    options: WriteOptions & PatchFormat = {},
  ): Promise<ObjectWritten> {
    const { bucket } = this.#service;
    return this.#write({ ...options, type: "patch_object", bucket, object, patch }, options);
  }

  delete(object: string, options: WriteOptions = {}): Promise<ObjectWritten> {
    const { bucket } = this.#service;
    return this.#write({ ...options, type: "delete_object", bucket, object }, options);
  }

  revert(object: string, body: unknown, options: WriteOptions = {}): Promise<ObjectWritten> {
    const { bucket } = this.#service;
    return this.#write({ ...options, type: "revert_object", bucket, object, body }, options);
  }

  restore(object: string, options: WriteOptions = {}): Promise<ObjectWritten> {
    const { bucket } = this.#service;
    return this.#write({ ...options, type: "restore_object", bucket, object }, options);
  }

  async #write(operation: ServedOperation, options: WriteOptions): Promise<ObjectWritten> {
    const written = await this.#service.write(operation, options);
    invariant("object" in written, `${operation.type} was not answered with its object`);
    return written;
  }

  async get(object: string, options: ObjectGetOptions = {}): Promise<ObjectRead> {
    assertAsked("getObject", options);
    const { state, past } = await this.read(object, options.asOf);
    const { version, position } = state;
    const rendered = renderObject(state);
    const { parts, asker } = this.#service;
    const shown =
      options.showUrls === true
        ? withUrls(rendered, (blob) => downloadUrl(parts.signer, asker.caller, blob, parts.clock()))
        : rendered;
    const answer = { object: shown, version, position, tag: String(version) };
    return { ...answer, ...(past !== undefined && { past }) };
  }

  async blob(
    object: string,
    blobId: string,
    options: { asOf?: string | undefined } = {},
  ): Promise<ServedBlob> {
    assertAsked("get", options);
    const { object: answer } = await this.get(object, options);
    return blobAnswer(findBlob(answer, blobId), this.#service.parts.blobs);
  }

  async list(given: ObjectListQuery = {}): Promise<ListObjectsResponse> {
    const query = { ...ownQuery(given, "serveObjects"), select: given.select && [...given.select] };
    const { parts, namespace } = this.#service;
    const owner = await findOwnerAt(parts, this.#service, query.asOf);
    return await listObjects(parts, { namespace, bucketId: owner.bucket_id }, query);
  }

  async aggregate(body: unknown): Promise<AggregateResponse> {
    const aggregation = parseAggregate(toJson(body), objectCatalog);
    const { bucket_id: bucketId } = await findOwner(this.#service.parts, this.#service);
    const aggregator = new Aggregator(aggregation);
    for await (const state of this.#service.parts.view.eachObject(bucketId)) {
      aggregator.add(objectFields(state));
    }
    return aggregator.answer();
  }
}

/** @throws VALIDATION_FAILED */
function checkCount(count: number): void {
  if (count >= 1 && count <= limits.objectsPerRequestMax) return;
  throw invalidAt(
    ["body", "objects"],
    count === 0 ? "too_small" : "too_big",
    `Send 1 to ${limits.objectsPerRequestMax} objects; these are ${count}.`,
  );
}
