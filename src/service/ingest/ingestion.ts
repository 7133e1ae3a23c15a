/**
 * Takes the deliveries of webhooks in (CONTRACT: source adapters): who sent it, what it means, and
 * the object and the record of it in one transaction. What is refused before it is verified leaves
 * no trace; what fails afterwards is recorded, so that it can be tried again.
 */
import { createHmac, hash, timingSafeEqual } from "node:crypto";
import {
  type DeliveryWritten,
  type IngestResponse,
  type ServedWriteOptions,
  type SignedDelivery,
  TestedDelivery,
} from "../../api/index.js";
import type { BucketState } from "../../domain/bucket/state.js";
import { activeWebhookSecrets } from "../../domain/bucket/webhook-secrets.js";
import type { DeliveryCommand } from "../../domain/delivery/commands.js";
import type { DeliveryState } from "../../domain/delivery/state.js";
import { BucketsError, type ErrorCode, invariant, isBucketsError } from "../../domain/errors.js";
import { factsOf, type KnownDelivery } from "../../domain/ingest/mapping.js";
import { parsePayload } from "../../domain/ingest/payload.js";
import { type Cryptography, type Delivery, verifyDelivery } from "../../domain/ingest/signature.js";
import { isJsonObject, type JsonObject, type JsonValue, withoutAbsent } from "../../domain/json.js";
import { stateOfKind } from "../../domain/resource.js";
import { requireObject } from "../../domain/schemas.js";
import type { Target } from "../../eventstore/store.js";
import type { Asker, KnownCaller } from "../asker.js";
import { collectingOf } from "../batches/collecting.js";
import type { ServiceParts } from "../parts.js";
import { type Accompanying, type Attempted, preconditionOf } from "../write/writing.js";
import { type Adapted, adaptedOf } from "./adapted.js";
import { deliveredObject } from "./delivered-object.js";
import { answerRecorded, type Recorded } from "./recorded.js";

/** A delivery whose body is read once it is known that there is an adapter for it. */
interface ArrivingDelivery {
  readonly headers: SignedDelivery["headers"];
  readonly read: () => Promise<Uint8Array>;
}

/** One try of a delivery. */
interface Try {
  readonly adapted: Adapted;
  /** What makes two tries the same, whatever becomes of them. */
  readonly call: JsonValue;
  readonly target: Target;
  readonly known: KnownDelivery;
  readonly payload: JsonObject;
  /** In whose name it is done: the adapter's, or of whom tries it again. */
  readonly asker: Asker;
  readonly options: ServedWriteOptions;
}

/** What became of a delivery: it is recorded, or the same was accepted or ignored before. */
type Taken =
  | { readonly kind: "recorded"; readonly recorded: Recorded }
  | { readonly kind: "duplicate"; readonly why: string; readonly earlier: DeliveryState };

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
    const call = ["deliver", bucketId, payload];
    const actor = `source_adapter:${adapted.config.adapter_type}`;
    const { namespace } = adapted.owner;
    const asker = { namespace, caller: { ...caller, actor } };
    const taken = await this.#take({
      adapted,
      call,
      target,
      known,
      payload,
      asker,
      options: {},
    });
    if (taken.kind === "duplicate") {
      const { object_id } = taken.earlier.document;
      return { status: "duplicate", ...(object_id !== undefined && { object_id }) };
    }
    const { delivery: recorded, eventId } = taken.recorded;
    const { object_id, status } = recorded;
    const told = {
      status: status === "IGNORED" ? "ignored" : "accepted",
      event_id: eventId,
    } as const;
    return { ...told, ...(object_id !== undefined && { object_id }) };
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

  /** @throws what a delivery is refused with, once that is recorded. */
  async #take(tried: Try): Promise<Taken> {
    const { payload, known } = tried;
    const { facts } = known;
    const attempted = await this.#carryOut(tried);
    if (attempted.kind === "done" || attempted.isOwn) return takenAs(attempted);
    if (attempted.kind === "needless") {
      const reason = attempted.why;
      return takenAs(await this.#record(tried, { type: "ignore_delivery", facts, reason }));
    }
    const { code, message: reason } = attempted.error;
    if (!recordedCodes.includes(code)) throw attempted.error;
    // What failed may be tried again under its key.
    const options = { ...tried.options, idempotencyKey: undefined };
    const failure = { type: "fail_delivery", facts, code, reason, payload } as const;
    const failed = takenAs(await this.#record({ ...tried, options }, failure));
    if (failed.kind === "duplicate") return failed;
    throw attempted.error;
  }

  async #carryOut(tried: Try): Promise<Attempted<Recorded>> {
    const { known, adapted, payload } = tried;
    const { facts } = known;
    try {
      const made = deliveredObject(this.#parts, adapted, known, payload, false);
      if (made.kind === "ignored") {
        const { reason } = made;
        return await this.#record(tried, { type: "ignore_delivery", facts, reason });
      }
      const { owner, batching } = adapted;
      const isCollected = batching !== undefined && made.kind === "changed";
      const collected = isCollected ? collectingOf(this.#parts, owner.bucket_id, batching) : [];
      const before = [made.operation, ...collected];
      return await this.#record(tried, { type: "accept_delivery", facts }, before);
    } catch (error) {
      if (isBucketsError(error)) return { kind: "refused", error, isOwn: false };
      throw error;
    }
  }

  #record(
    { call, target, asker, options }: Try,
    command: DeliveryCommand,
    precededBy: readonly Accompanying[] = [],
  ): Promise<Attempted<Recorded>> {
    const operation = {
      call,
      reason: options.reason,
      precondition: preconditionOf(options),
      precededBy,
      command: { target, command },
      render: answerRecorded,
    };
    return this.#parts.units.attempt(asker, operation, options);
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
    const made = deliveredObject(this.#parts, adapted, known, payload, true);
    if (made.kind === "ignored") {
      const ignored = { ...told, reason: made.reason, status: "ignored" };
      return TestedDelivery.parse(withoutAbsent(ignored));
    }
    const { kind, operation, identity } = made;
    const tried = await this.#parts.units.attempt(asker, operation, { dryRun: true });
    switch (tried.kind) {
      case "done": {
        const { object } = tried.result;
        const removes = kind === "removed" ? { removes: true } : {};
        return TestedDelivery.parse({ ...told, identity, object, ...removes, status: "accepted" });
      }
      case "needless": {
        const ignored = { ...told, identity, status: "ignored", reason: tried.why };
        return TestedDelivery.parse(withoutAbsent(ignored));
      }
      case "refused":
        throw tried.error;
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
    const done = await this.#parts.units.findDone(asker, call, options);
    const before = done.find(({ state }) => state.kind === "delivery");
    if (before !== undefined) return withoutEvent(await answerRecorded(before));
    if (payload === undefined || !isJsonObject(payload)) {
      throw new BucketsError(
        "BAD_REQUEST",
        `The delivery ${id} is ${document.status}: only one that failed can be tried again.`,
        { delivery_id: id, status: document.status },
      );
    }
    const known = factsOf(adapted.config, payload, document.sender_id);
    const target = { kind: "member", bucket: owner.bucket_id, id } as const;
    const taken = await this.#take({ adapted, call, target, known, payload, asker, options });
    if (taken.kind === "recorded") return withoutEvent(taken.recorded);
    const { delivery_id, document: earlier } = taken.earlier;
    const details = { resource: "delivery", delivery_id, object_id: earlier.object_id };
    throw new BucketsError("ALREADY_EXISTS", taken.why, details);
  }
}

/** @throws what the record of a delivery is refused with. */
function takenAs(attempted: Attempted<Recorded>): Taken {
  switch (attempted.kind) {
    case "done":
      return { kind: "recorded", recorded: attempted.result };
    case "needless": {
      const { why, stands } = attempted;
      invariant(stands !== undefined, "a delivery is needless for one that came before");
      return { kind: "duplicate", why, earlier: stateOfKind("delivery", stands) };
    }
    case "refused":
      throw attempted.error;
  }
}

function withoutEvent({ eventId: _, ...written }: Recorded): DeliveryWritten {
  return written;
}

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
