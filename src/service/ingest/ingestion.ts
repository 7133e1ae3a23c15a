/**
 * Takes the deliveries of webhooks in (CONTRACT: source adapters): who sent it, what it means, and
 * the object and the record of it in one transaction. What is refused before it is verified leaves
 * no trace; what fails afterwards is recorded, so that it can be tried again.
 */
import { createHmac, hash, timingSafeEqual } from "node:crypto";
import {
  type DeliveryWritten,
  type IngestResponse,
  type ObjectWritten,
  type ServedWriteOptions,
  type SignedDelivery,
  TestedDelivery,
} from "../../api/index.js";
import { IngestConfig, MappingConfig } from "../../domain/bucket/source-adapter.js";
import { type BucketState, schemaOf } from "../../domain/bucket/state.js";
import { activeWebhookSecrets } from "../../domain/bucket/webhook-secrets.js";
import type { DeliveryCommand, DeliveryFacts } from "../../domain/delivery/commands.js";
import { renderDelivery } from "../../domain/delivery/response.js";
import type { DeliveryState } from "../../domain/delivery/state.js";
import {
  BucketsError,
  type ErrorCode,
  isBucketsError,
  validationFailed,
} from "../../domain/errors.js";
import { factsOf, type KnownDelivery, mapDelivery } from "../../domain/ingest/mapping.js";
import { parsePayload } from "../../domain/ingest/payload.js";
import { type Cryptography, type Delivery, verifyDelivery } from "../../domain/ingest/signature.js";
import { checkFetchUrl } from "../../domain/ingest/ssrf.js";
import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  ownValue,
  withoutAbsent,
} from "../../domain/json.js";
import type { SourceRow } from "../../domain/object/commands.js";
import { userFields } from "../../domain/object/document.js";
import { isUserField } from "../../domain/object/own-fields.js";
import { anyVersion } from "../../domain/precondition.js";
import { type ResourceState, stateOfKind } from "../../domain/resource.js";
import { requireObject } from "../../domain/schemas.js";
import type { Target } from "../../eventstore/store.js";
import type { Asker, KnownCaller } from "../asker.js";
import { batchingOf } from "../batches/batching.js";
import { answerObjectWritten, checkObjectOperation } from "../objects/operations.js";
import type { ServiceParts } from "../parts.js";
import { type Checked, type Done, preconditionOf } from "../write/writing.js";
import { writtenOf } from "../write/written.js";

/** The configuration of an adapter, and the bucket that has it. */
interface Adapted {
  readonly owner: BucketState;
  readonly config: MappingConfig;
  readonly isEnabled: boolean;
  readonly batching: Parameters<typeof batchingOf>[2] | undefined;
}

/** A delivery whose body is read once it is known that there is an adapter for it. */
interface ArrivingDelivery {
  readonly headers: SignedDelivery["headers"];
  readonly read: () => Promise<Uint8Array>;
}

/** One try of a delivery. */
interface Attempt {
  readonly adapted: Adapted;
  /** What makes two attempts the same, whatever becomes of them. */
  readonly call: JsonValue;
  readonly target: Target;
  readonly known: KnownDelivery;
  readonly payload: JsonObject;
  /** In whose name it is done: the adapter's, or of whom tries it again. */
  readonly asker: Asker;
  readonly options: ServedWriteOptions;
}

interface Recorded extends DeliveryWritten {
  readonly eventId: string;
}

export class Ingestion {
  readonly #parts: ServiceParts;

  constructor(parts: ServiceParts) {
    this.#parts = parts;
  }

  /**
   * Takes a signed delivery in, once however often it comes.
   *
   * @throws NOT_FOUND without an adapter; FORBIDDEN when it is disabled; UNAUTHORIZED, in the same
   * words whatever is wrong with the signature; BAD_REQUEST for what is no JSON: none of them leaves
   * a trace. VALIDATION_FAILED, BUCKET_LOCKED and what else the object is refused with are recorded.
   */
  async deliver(
    caller: KnownCaller,
    bucketId: string,
    { headers, read }: ArrivingDelivery,
  ): Promise<IngestResponse> {
    const { newId, view } = this.#parts;
    const adapted = adaptedOf(await view.state(bucketId));
    if (!adapted.isEnabled) {
      throw new BucketsError("FORBIDDEN", "The source adapter of this bucket is disabled.");
    }
    const delivery = { headers, body: await read() };
    const senderId = await this.#verify(adapted, delivery);
    const payload = requireObject(parsePayload(delivery.body));
    const known = factsOf(adapted.config, payload, senderId);
    const target = { kind: "new_member", bucket: bucketId, id: newId("dlv") } as const;
    try {
      const call = ["deliver", bucketId, payload];
      const actor = `source_adapter:${adapted.config.adapter_type}`;
      const { namespace } = adapted.owner;
      const asker = { namespace, caller: { ...caller, actor } };
      const attempt = { adapted, call, target, known, payload, asker, options: {} };
      const { delivery: recorded, eventId } = await this.#try(attempt);
      const { object_id, status } = recorded;
      const told = {
        status: status === "IGNORED" ? "ignored" : "accepted",
        event_id: eventId,
      } as const;
      return { ...told, ...(object_id !== undefined && { object_id }) };
    } catch (error) {
      const earlier = await this.#earlier(error);
      if (earlier === undefined) throw error;
      const { object_id } = earlier.document;
      return { status: "duplicate", ...(object_id !== undefined && { object_id }) };
    }
  }

  /** What the sender signed as the id of the delivery. @throws UNAUTHORIZED */
  async #verify({ owner, config }: Adapted, delivery: Delivery): Promise<string | undefined> {
    const { clock, events, vault } = this.#parts;
    const secrets: string[] = [];
    for (const reference of activeWebhookSecrets(owner, clock())) {
      const sealed = await events.secret(reference);
      const secret = sealed && vault.open(sealed);
      if (typeof secret === "string") secrets.push(secret);
    }
    const type = config.adapter_type;
    const verdict = verifyDelivery(type, delivery, secrets, clock(), cryptography);
    if (verdict.kind === "verified") return verdict.deliveryId;
    throw new BucketsError(
      "UNAUTHORIZED",
      "The delivery is not signed with the secret, or not now.",
    );
  }

  /** The delivery that was accepted or ignored before, when that is what the error says. */
  async #earlier(error: unknown): Promise<DeliveryState | undefined> {
    if (!isBucketsError(error) || error.details["resource"] !== "delivery") return undefined;
    const { delivery_id: id } = error.details;
    const state = typeof id === "string" ? await this.#parts.view.state(id) : undefined;
    return state?.kind === "delivery" ? state : undefined;
  }

  /** @throws what a delivery is refused with, once that is recorded. */
  async #try(attempt: Attempt): Promise<Recorded> {
    const { payload } = attempt;
    const { facts } = attempt.known;
    try {
      return await this.#carryOut(attempt);
    } catch (error) {
      if (!isBucketsError(error) || error.details["resource"] === "delivery") throw error;
      if (isMoot(error)) {
        return await this.#record(attempt, {
          type: "ignore_delivery",
          facts,
          reason: error.message,
        });
      }
      if (!recordedCodes.includes(error.code)) throw error;
      const { code, message: reason } = error;
      // What failed may be tried again under its key.
      const options = { ...attempt.options, idempotencyKey: undefined };
      const failure = { type: "fail_delivery", facts, code, reason, payload } as const;
      await this.#record({ ...attempt, options }, failure);
      throw error;
    }
  }

  async #carryOut(attempt: Attempt): Promise<Recorded> {
    const { known, adapted, payload } = attempt;
    const { facts } = known;
    const made = this.#objectOf(adapted, known, payload, false);
    if ("reason" in made) {
      return await this.#record(attempt, { type: "ignore_delivery", facts, reason: made.reason });
    }
    const { owner, batching } = adapted;
    const isCollected = batching !== undefined && !made.isRemoval;
    const collected = isCollected ? batchingOf(this.#parts, owner.bucket_id, batching) : [];
    const before = [made.operation, ...collected];
    return await this.#record(attempt, { type: "accept_delivery", facts }, before);
  }

  /** What becomes of the object that the payload is about, or why nothing does. */
  #objectOf(
    { owner, config }: Adapted,
    { facts, issues }: KnownDelivery,
    payload: JsonObject,
    isDry: boolean,
  ): ObjectOfDelivery {
    const mapping = mapDelivery(config, schemaOf(owner.document), payload);
    if (mapping.kind === "ignored") return { reason: mapping.reason };
    if (issues.length > 0) throw validationFailed(issues);
    const { former } = mapping;
    if (mapping.kind === "removed") {
      const row = { ...mapping.former, fields: placed(mapping.former.fields) };
      const operation = this.#removal(owner, row, facts);
      return { operation, identity: row.identity, isRemoval: true };
    }
    const { identity, fields } = mapping;
    const blobs = mapping.blobs.map(({ property, type, url }) => {
      checkFetchUrl(url, ["body", property], this.#parts.fetchPolicy);
      return { property, type, data: url };
    });
    const source = withoutAbsent({ identity, time: facts.sourceTime });
    const operation = checkObjectOperation(
      this.#parts,
      owner,
      {
        type: "create_object",
        bucket: owner.bucket_id,
        body: { ...placed(fields), ...(blobs.length > 0 && { blobs }) },
        ...(owner.unique_key !== undefined && { policy: "upsert" }),
      },
      isDry,
      { source, ...(former && { former: { ...former, fields: placed(former.fields) } }) },
    );
    return { operation, identity, isRemoval: false };
  }

  #removal(
    { bucket_id: bucket }: BucketState,
    former: SourceRow,
    { sourceTime }: DeliveryFacts,
  ): Checked<ObjectWritten> {
    // The id is never used: without an object nothing is removed.
    const target = { kind: "new_member", bucket, id: this.#parts.newId("obj") } as const;
    const source = withoutAbsent({ time: sourceTime });
    return {
      call: ["remove_object", bucket, withoutAbsent({ ...former })],
      reason: undefined,
      precondition: anyVersion,
      command: { target, command: { type: "remove_object", former, source } },
      render: async (done) => answerObjectWritten(done, []),
    };
  }

  async #record(
    { call, target, asker, options }: Attempt,
    command: DeliveryCommand,
    precededBy: Checked<unknown>["precededBy"] = [],
  ): Promise<Recorded> {
    const operation: Checked<Recorded> = {
      call,
      reason: options.reason,
      precondition: preconditionOf(options),
      precededBy,
      command: { target, command },
      render: async (done) => answerRecorded(done),
    };
    return await this.#parts.units.writeOne(asker, operation, options);
  }

  /** What would become of a payload. @throws what its delivery would be refused with. */
  async test(asker: Asker, owner: BucketState, payload: JsonObject): Promise<TestedDelivery> {
    const adapted = adaptedOf(owner);
    const known = factsOf(adapted.config, payload, undefined);
    const { facts } = known;
    const told = {
      event_type: facts.eventType,
      sender_id: facts.senderId,
      dedup_key: facts.dedupKey,
      source_time: facts.sourceTime,
    };
    const made = this.#objectOf(adapted, known, payload, true);
    if ("reason" in made) {
      return TestedDelivery.parse(withoutAbsent({ ...told, ...made, status: "ignored" }));
    }
    const { operation, identity, isRemoval } = made;
    try {
      const dry = { dryRun: true };
      const { object } = await this.#parts.units.writeOne(asker, operation, dry);
      const removes = isRemoval ? { removes: true } : {};
      return TestedDelivery.parse({ ...told, identity, object, ...removes, status: "accepted" });
    } catch (error) {
      if (!isBucketsError(error) || !isMoot(error)) throw error;
      const ignored = { ...told, identity, status: "ignored", reason: error.message };
      return TestedDelivery.parse(withoutAbsent(ignored));
    }
  }

  /** @throws BAD_REQUEST for one that did not fail, and what it fails with again. */
  async replay(
    asker: Asker,
    owner: BucketState,
    failed: DeliveryState,
    options: ServedWriteOptions,
  ): Promise<DeliveryWritten> {
    const { payload, delivery_id: id, document } = failed;
    const call = ["replay_delivery", owner.bucket_id, id];
    const adapted = adaptedOf(owner);
    const known = await this.#parts.units.findDone(asker, call, options);
    const done = known.find(({ state }) => state.kind === "delivery");
    if (done !== undefined) return withoutEvent(answerRecorded(done));
    if (payload === undefined || !isJsonObject(payload)) {
      throw new BucketsError(
        "BAD_REQUEST",
        `The delivery ${id} is ${document.status}: only one that failed can be tried again.`,
        { delivery_id: id, status: document.status },
      );
    }
    const again = factsOf(adapted.config, payload, document.sender_id);
    const target = { kind: "member", bucket: owner.bucket_id, id } as const;
    const attempt = { adapted, call, target, known: again, payload, asker, options };
    return withoutEvent(await this.#try(attempt));
  }
}

function answerRecorded(done: Done): Recorded {
  const delivery = renderDelivery(stateOfKind("delivery", done.state));
  return { ...writtenOf(done, []), delivery, eventId: done.recorded.eventId };
}

/** There is nothing to be done any more: what is newer was here first, or it is gone. */
function isMoot({ details }: BucketsError): boolean {
  return details["is_superseded"] === true;
}

function withoutEvent({ eventId: _, ...written }: Recorded): DeliveryWritten {
  return written;
}

/** Fields whose names requests use themselves have their place in `metadata`. */
function placed(fields: JsonObject): JsonObject {
  const entries = Object.entries(fields);
  const others = entries.filter(([name]) => !isUserField(name));
  return {
    ...userFields(fields),
    ...(others.length > 0 && { metadata: Object.fromEntries(others) }),
  };
}

type ObjectOfDelivery =
  | { readonly reason: string }
  | {
      readonly operation: Checked<ObjectWritten>;
      readonly identity: string | undefined;
      readonly isRemoval: boolean;
    };

/** What a delivery can fail with, once it is known to come from the sender. */
const recordedCodes: readonly ErrorCode[] = [
  "VALIDATION_FAILED",
  "BUCKET_LOCKED",
  "CONFLICT",
  "ALREADY_EXISTS",
  "BAD_REQUEST",
  "PAYLOAD_TOO_LARGE",
];

/** Digests are of one length, whatever was sent, so that the comparison tells nothing by its time. */
const cryptography: Cryptography = {
  hmac: (algorithm, key, message) => createHmac(algorithm, key).update(message).digest(),
  isSame: (a, b) => timingSafeEqual(digestOf(a), digestOf(b)),
};

function digestOf(bytes: Uint8Array): Uint8Array {
  return hash("sha256", bytes, "buffer");
}

/** @throws NOT_FOUND alike for a bucket that is not there and one without an adapter. */
function adaptedOf(owner: ResourceState | undefined): Adapted {
  const isThere = owner?.kind === "bucket" && owner.deleted === undefined;
  const adapter = isThere ? ownValue(owner.document, "source_adapter") : undefined;
  if (!isThere || !isJsonObject(adapter)) {
    throw new BucketsError("NOT_FOUND", "There is no source adapter here.", {
      resource: "source_adapter",
    });
  }
  const { enabled, batching } = IngestConfig.parse(adapter);
  const config = MappingConfig.parse(adapter);
  return { owner, config, isEnabled: enabled, batching: batching ?? undefined };
}
