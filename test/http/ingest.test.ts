/**
 * Webhooks in (rows 79 to 86): signed by the senders' own libraries, verified by the server. What is
 * not signed leaves no trace; what is, is taken in once, in the order in which it happened.
 */
import { createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { connectBuckets, openBuckets } from "../../src/index.js";
import { temporaryFile } from "../support/backends.js";
import { dayMs, FixedClock } from "../support/clock.js";
import {
  type Answer,
  at,
  expectRefusal,
  header,
  listAt,
  makeBucket,
  type Service,
  serveTest,
  TestClock,
  textAt,
  tokens,
} from "../support/server.js";
import { type SignedDelivery, signMux, signStandard } from "../support/signers.js";

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const schema = {
  properties: {
    title: { type: "string" },
    seconds: { type: "number" },
    clip: { type: "video" },
  },
};
const mapping = {
  field_mapping: { title: "data.title", seconds: "data.duration" },
  blob_source: { file_field: "data.url", target_property: "clip" },
  webhook_secret: secret,
};
const mux = { adapter_type: "mux", ...mapping };
const generic = { adapter_type: "generic_webhook", ...mapping };
const supabase = {
  adapter_type: "supabase",
  field_mapping: { title: "record.title" },
  webhook_secret: secret,
};

interface Adapted {
  readonly service: Service;
  readonly clock: TestClock;
  readonly bucket: string;
  readonly url: string;
}

async function serveAdapter(sourceAdapter: object, fields: object = {}): Promise<Adapted> {
  const clock = new TestClock();
  // Here many are guessed on purpose, within a minute.
  const service = await serveTest({ clock: clock.read, rateLimit: 100_000 });
  const bucket = await makeBucket(service, {
    bucket_name: "clips",
    bucket_schema: schema,
    source_adapter: sourceAdapter,
    ...fields,
  });
  return { service, clock, bucket, url: bucket.replace("/buckets/", "/ingest/") };
}

function send({ service, url }: Adapted, delivery: SignedDelivery): Promise<Answer> {
  const { headers, body: text } = delivery;
  return service.send("POST", url, { text, headers, token: "none" });
}

const asset = (data: object = {}, event: object = {}) =>
  JSON.stringify({
    type: "video.asset.ready",
    id: "evt-1",
    created_at: "2026-10-01T11:59:00.000Z",
    data: { id: "asset-1", title: "a", duration: 12.5, url: "https://example.com/a.mp4", ...data },
    ...event,
  });

const withSecret = (body: string, value = secret): SignedDelivery => ({
  headers: { "x-mixpeek-secret": value },
  body,
});

async function positionOf({ service }: Adapted): Promise<number> {
  return (await service.store.head()).position;
}

/** One by one with one character changed. */
function* spoilt({ headers, body }: SignedDelivery): Iterable<SignedDelivery> {
  const turned = (text: string, index: number) =>
    `${text.slice(0, index)}${text[index] === "7" ? "8" : "7"}${text.slice(index + 1)}`;
  for (let index = 0; index < body.length; index += 1) yield { headers, body: turned(body, index) };
  for (const [name, value] of Object.entries(headers)) {
    for (let index = 0; index < value.length; index += 1) {
      yield { body, headers: { ...headers, [name]: turned(value, index) } };
    }
  }
}

describe("a delivery is the same 401, and leaves no trace,", () => {
  const short = JSON.stringify({ type: "a" });

  async function expectUnsigned(adapted: Adapted, deliveries: Iterable<SignedDelivery>) {
    const before = await positionOf(adapted);
    const told = new Set<string>();
    for (const delivery of deliveries) {
      const answer = await send(adapted, delivery);
      expectRefusal(answer, 401, "UnauthorizedError");
      told.add(answer.text.replaceAll(/req_\w+/g, ""));
    }
    expect(told.size).toBe(1);
    expect(await positionOf(adapted)).toBe(before);
  }

  test("when any byte of what Mux signed is changed", async () => {
    const adapted = await serveAdapter(mux);
    await expectUnsigned(adapted, spoilt(await signMux(secret, short, adapted.clock.now)));
  });

  test("when any byte of what Standard Webhooks signed is changed", async () => {
    const adapted = await serveAdapter(generic);
    await expectUnsigned(adapted, spoilt(signStandard(secret, "msg_1", short, adapted.clock.now)));
  });

  test("when any byte of what Supabase signed is changed", async () => {
    const adapted = await serveAdapter(supabase);
    const signature = createHmac("sha256", secret).update(short).digest("hex");
    await expectUnsigned(
      adapted,
      spoilt({ headers: { "x-supabase-signature": signature }, body: short }),
    );
  });

  test("when it is stale, early, of another length, without its header, or twice", async () => {
    const adapted = await serveAdapter(mux);
    const { now } = adapted.clock;
    const signed = await signMux(secret, short, now);
    const header = signed.headers["mux-signature"] ?? "";
    await expectUnsigned(adapted, [
      await signMux(secret, short, now - 301_000),
      await signMux(secret, short, now + 301_000),
      await signMux(secret, short, now * 1_000),
      await signMux("another", short, now),
      { headers: {}, body: short },
      { headers: { "mux-signature": "" }, body: short },
      { headers: { "mux-signature": header.slice(0, -2) }, body: short },
      { headers: { "mux-signature": header.replace("v1=", "v0=") }, body: short },
      { headers: { "mux-signature": `${header}, ${header}` }, body: short },
      withSecret(short),
    ]);
  });

  test("when the secret of the header is another one", async () => {
    const adapted = await serveAdapter(generic);
    await expectUnsigned(adapted, [
      withSecret(short, ""),
      withSecret(short, `${secret}x`),
      withSecret(short, "********"),
    ]);
  });
});

describe("a delivery leaves no trace", () => {
  test("to a bucket that is not there, was deleted, or has no adapter", async () => {
    const adapted = await serveAdapter(generic);
    const { service, bucket } = adapted;
    const answer = await send({ ...adapted, url: "/v1/ingest/bkt_none" }, withSecret("{}"));
    expectRefusal(answer, 404, "NotFoundError");
    expect(at(answer, "error", "details", "resource")).toBe("source_adapter");
    const other = await makeBucket(service, { bucket_name: "other" });
    const url = other.replace("/buckets/", "/ingest/");
    expectRefusal(await send({ ...adapted, url }, withSecret("{}")), 404, "NotFoundError");
    await service.send("DELETE", bucket);
    expectRefusal(await send(adapted, withSecret("{}")), 404, "NotFoundError");
  });

  test("to an adapter that is disabled, or that is not JSON, or too large", async () => {
    const adapted = await serveAdapter(generic);
    const before = await positionOf(adapted);
    expectRefusal(await send(adapted, withSecret("{")), 400, "BadRequestError");
    const deep = `${'{"a":'.repeat(65)}1${"}".repeat(65)}`;
    expectRefusal(await send(adapted, withSecret(deep)), 422, "ValidationError");
    expectRefusal(await send(adapted, withSecret("[]")), 422, "ValidationError");
    const large = `{"a": "${" ".repeat(1024 * 1024)}"}`;
    expectRefusal(await send(adapted, withSecret(large)), 413, "PayloadTooLargeError");
    expect(await positionOf(adapted)).toBe(before);
    await adapted.service.merge(adapted.bucket, { source_adapter: { enabled: false } });
    expectRefusal(await send(adapted, withSecret("{}")), 403, "ForbiddenError");
    expect(await positionOf(adapted)).toBe(before + 1);
  });
});

describe("a delivery that is signed", () => {
  test("makes one object with its record, and is told of in the history", async () => {
    const adapted = await serveAdapter(mux);
    const { service, bucket, clock } = adapted;
    const answer = await send(adapted, await signMux(secret, asset(), clock.now));
    expect([answer.status, textAt(answer, "status")]).toEqual([202, "accepted"]);
    const object = await service.get(`${bucket}/objects/${textAt(answer, "object_id")}`);
    expect(object.body).toMatchObject({
      title: "a",
      seconds: 12.5,
      blobs: [{ property: "clip", type: "video", url: "https://example.com/a.mp4" }],
    });
    const { results } = await service.store.namespace().audit.list({ limit: 2 });
    expect(results).toMatchObject([
      { resource_type: "delivery", action: "delivery_accepted", actor_id: "source_adapter:mux" },
      { resource_type: "object", action: "object_created", actor_id: "source_adapter:mux" },
    ]);
    expect(results[0]?.audit_id).toBe(textAt(answer, "event_id"));
    const log = await service.get(`${bucket}/source_adapter/deliveries`);
    expect(log.body).toMatchObject({
      results: [
        { status: "ACCEPTED", sender_id: "evt-1", event_type: "video.asset.ready", attempt: 1 },
      ],
      counts: { accepted: 1, ignored: 0, failed: 0 },
    });
    expect(log.text).not.toContain("example.com");
  });

  test("is taken in once, however often it comes, also at once and under a new time", async () => {
    const adapted = await serveAdapter(mux);
    const { service, bucket, clock } = adapted;
    const signed = await signMux(secret, asset(), clock.now);
    const answers = await Promise.all(Array.from({ length: 16 }, () => send(adapted, signed)));
    const told = answers.map((answer) => textAt(answer, "status")).sort();
    expect(told).toEqual(["accepted", ...Array.from({ length: 15 }, () => "duplicate")]);
    const before = await positionOf(adapted);
    clock.advance(dayMs * 3);
    const again = await send(adapted, await signMux(secret, asset(), clock.now));
    expect([again.status, textAt(again, "status")]).toEqual([202, "duplicate"]);
    expect(textAt(again, "object_id")).toBe(textAt(answers[0] ?? again, "object_id"));
    expect(await positionOf(adapted)).toBe(before);
    expect((await service.get(bucket)).body).toMatchObject({ object_count: 1 });
  });

  test("is a duplicate by its dedup_key as well", async () => {
    const adapted = await serveAdapter({ ...generic, dedup_key: "data.number" });
    const { clock } = adapted;
    const body = (number: number) => JSON.stringify({ data: { title: "a", number } });
    const sent = async (id: string, number: number) =>
      textAt(await send(adapted, signStandard(secret, id, body(number), clock.now)), "status");
    expect(await sent("msg_1", 1)).toBe("accepted");
    expect(await sent("msg_2", 1)).toBe("duplicate");
    expect(await sent("msg_1", 2)).toBe("duplicate");
    expect(await sent("msg_3", 2)).toBe("accepted");
    expect(textAt(await send(adapted, withSecret(body(2))), "status")).toBe("duplicate");
  });

  test("of an event that is not wanted is ignored, and says why", async () => {
    const adapted = await serveAdapter(mux);
    const { service, bucket, clock } = adapted;
    const body = asset({}, { type: "video.asset.created" });
    const answer = await send(adapted, await signMux(secret, body, clock.now));
    expect([answer.status, textAt(answer, "status")]).toEqual([202, "ignored"]);
    const again = await send(adapted, await signMux(secret, body, clock.now));
    expect(textAt(again, "status")).toBe("duplicate");
    const log = await service.get(`${bucket}/source_adapter/deliveries?status=IGNORED`);
    expect(String(at(log, "results", "0", "reason"))).toContain("video.asset.ready");
    expect((await service.get(bucket)).body).toMatchObject({ object_count: 0 });
  });

  test("about the same thing changes the same object, and an older one does not", async () => {
    const adapted = await serveAdapter(mux);
    const { service, bucket, clock } = adapted;
    const event = (id: string, minute: number, title: string) =>
      signMux(
        secret,
        asset({ title }, { id, created_at: `2026-10-01T11:${minute}:00.000Z` }),
        clock.now,
      );
    const first = await send(adapted, await event("e1", 10, "first"));
    const third = await send(adapted, await event("e3", 30, "third"));
    const late = await send(adapted, await event("e2", 20, "second"));
    expect(textAt(third, "object_id")).toBe(textAt(first, "object_id"));
    expect(textAt(late, "status")).toBe("ignored");
    const path = `${bucket}/objects/${textAt(first, "object_id")}`;
    expect((await service.get(path)).body).toMatchObject({ title: "third" });
    expect((await service.get(`${path}/history`)).body).toMatchObject({
      results: [{ version: 2 }, { version: 1 }],
    });
    await service.send("DELETE", path);
    const anew = await send(adapted, await event("e4", 40, "fourth"));
    expect(textAt(anew, "object_id")).not.toBe(textAt(first, "object_id"));
  });

  test("changes the object that has its unique key, where the bucket has one", async () => {
    const adapted = await serveAdapter(supabase, {
      unique_key: { fields: ["title"], default_policy: "insert" },
    });
    const row = (title: string) =>
      JSON.stringify({ type: "INSERT", table: "t", record: { title } });
    const sent = async (title: string) =>
      textAt(
        await send(adapted, { headers: { "x-webhook-secret": secret }, body: row(title) }),
        "object_id",
      );
    const first = await sent("a");
    expect(await sent("a")).toBe(first);
    expect(await sent("b")).not.toBe(first);
  });

  describe("of a row of Supabase", () => {
    const both = { event_filter: { event_types: ["INSERT", "UPDATE", "DELETE"] } };
    const keyed = { unique_key: { fields: ["title"], default_policy: "insert" } };
    type Row = { id: number; title: string } | null;
    const change = (type: string, record: Row, old_record: Row) => ({
      headers: { "x-webhook-secret": secret },
      body: JSON.stringify({ type, schema: "public", table: "clips", record, old_record }),
    });
    const one = { id: 1, title: "a" };
    const two = { id: 2, title: "b" };

    test.each([
      ["by its id", {}],
      ["by the bucket's unique key", keyed],
    ])("whose primary key changed changes the same object, known %s", async (_, fields) => {
      const adapted = await serveAdapter(supabase, fields);
      const { service, bucket } = adapted;
      const first = await send(adapted, change("INSERT", one, null));
      const renamed = change("UPDATE", two, one);
      for (const delivery of [renamed, renamed, change("UPDATE", two, two)]) {
        const answer = await send(adapted, delivery);
        expect(textAt(answer, "object_id")).toBe(textAt(first, "object_id"));
      }
      const path = `${bucket}/objects/${textAt(first, "object_id")}`;
      expect((await service.get(path)).body).toMatchObject({ title: "b" });
      expect((await service.get(bucket)).body).toMatchObject({ object_count: 1 });
      const other = await send(adapted, change("INSERT", one, null));
      expect(textAt(other, "object_id")).not.toBe(textAt(first, "object_id"));
    });

    test("that was deleted is ignored, with the reason, unless the filter names DELETE", async () => {
      const adapted = await serveAdapter(supabase);
      const { service, bucket } = adapted;
      await send(adapted, change("INSERT", one, null));
      expect((await send(adapted, change("DELETE", null, one))).body).toMatchObject({
        status: "ignored",
      });
      const log = await service.get(`${bucket}/source_adapter/deliveries?status=IGNORED`);
      expect(String(at(log, "results", "0", "reason"))).toContain("name DELETE in event_filter");
      expect((await service.get(bucket)).body).toMatchObject({ object_count: 1 });
    });

    test.each([
      ["by its id", {}],
      ["by the bucket's unique key", keyed],
    ])("that was deleted deletes its object, once, known %s", async (_, fields) => {
      const batching = { mode: "immediate" };
      const adapted = await serveAdapter({ ...supabase, ...both, batching }, fields);
      const { service, bucket } = adapted;
      const first = await send(adapted, change("INSERT", one, null));
      const gone = change("DELETE", null, one);
      const tested = (payload: string) =>
        service.post(`${bucket}/source_adapter/test`, JSON.parse(payload));
      expect((await tested(gone.body)).body).toMatchObject({ status: "accepted", removes: true });
      const answer = await send(adapted, gone);
      expect(answer.body).toMatchObject({
        status: "accepted",
        object_id: textAt(first, "object_id"),
      });
      const path = `${bucket}/objects/${textAt(first, "object_id")}`;
      expectRefusal(await service.get(path), 404, "NotFoundError");
      expect((await send(adapted, gone)).body).toMatchObject({ status: "ignored" });
      expect((await tested(gone.body)).body).toMatchObject({ status: "ignored" });
      const log = await service.get(`${bucket}/source_adapter/deliveries?status=IGNORED`);
      expect(String(at(log, "results", "0", "reason"))).toContain("No object is there");
      expect((await service.get(bucket)).body).toMatchObject({ object_count: 0 });
      const verified = await service.store.verify();
      expect(verified).toMatchObject({ ok: true });
    });

    test("of a locked bucket is not deleted, and the delivery can be tried again", async () => {
      const adapted = await serveAdapter({ ...supabase, ...both });
      const { service, bucket } = adapted;
      await send(adapted, change("INSERT", one, null));
      await service.post(`${bucket}/lock`);
      const gone = await send(adapted, change("DELETE", null, one));
      expectRefusal(gone, 423, "BucketLockedError");
      const path = await failedPath(adapted);
      await service.post(`${bucket}/unlock`);
      expect((await service.post(`${path}/replay`)).body).toMatchObject({ status: "ACCEPTED" });
      expect((await service.get(bucket)).body).toMatchObject({ object_count: 0 });
    });
  });

  test("that does not fit is a 422, recorded without being shown, and can be tried again", async () => {
    const adapted = await serveAdapter(generic);
    const { service, bucket, clock } = adapted;
    const body = JSON.stringify({ data: { title: "a", duration: "a while", private: "canary-1" } });
    const signed = () => signStandard(secret, "msg_1", body, clock.now);
    expectRefusal(await send(adapted, signed()), 422, "ValidationError");
    expectRefusal(await send(adapted, signed()), 422, "ValidationError");
    const log = await service.get(`${bucket}/source_adapter/deliveries`);
    expect(log.body).toMatchObject({
      results: [{ status: "FAILED", attempt: 2, error_code: "VALIDATION_FAILED" }],
      counts: { failed: 1 },
    });
    const feed = await service.get("/v1/events?limit=100");
    for (const answer of [log, feed]) expect(answer.text).not.toContain("canary-1");
    const id = String(at(log, "results", "0", "delivery_id"));
    const path = `${bucket}/source_adapter/deliveries/${id}`;
    expectRefusal(await service.post(`${path}/replay`), 422, "ValidationError");
    await service.merge(bucket, { source_adapter: { field_mapping: { seconds: null } } });
    expect((await service.post(`${path}/replay`)).body).toMatchObject({
      status: "ACCEPTED",
      attempt: 4,
    });
    const { results } = await service.store.namespace().audit.list({ limit: 1 });
    expect(results).toMatchObject([{ action: "delivery_accepted", actor_id: "admin" }]);
    expectRefusal(await service.post(`${path}/replay`), 400, "BadRequestError");
    expect(textAt(await send(adapted, signed()), "status")).toBe("duplicate");
    expect((await service.get(bucket)).body).toMatchObject({ object_count: 1 });
  });

  test("to a bucket that is locked is a 423, and is taken in when it comes again", async () => {
    const adapted = await serveAdapter(mux);
    const { service, bucket, clock } = adapted;
    await service.post(`${bucket}/lock`);
    const signed = await signMux(secret, asset(), clock.now);
    expectRefusal(await send(adapted, signed), 423, "BucketLockedError");
    await service.post(`${bucket}/unlock`);
    expect(textAt(await send(adapted, signed), "status")).toBe("accepted");
    const log = await service.get(`${bucket}/source_adapter/deliveries`);
    expect(log.body).toMatchObject({ results: [{ status: "ACCEPTED", attempt: 2 }] });
    expect(log.text).not.toContain("error_code");
  });

  test("to a bucket that was locked can be tried again from here once it is unlocked", async () => {
    const adapted = await serveAdapter(mux);
    const { service, bucket, clock } = adapted;
    await service.post(`${bucket}/lock`);
    const signed = await signMux(secret, asset(), clock.now);
    expectRefusal(await send(adapted, signed), 423, "BucketLockedError");
    const path = await failedPath(adapted);
    expectRefusal(await service.post(`${path}/replay`), 423, "BucketLockedError");
    await service.post(`${bucket}/unlock`);
    expect((await service.post(`${path}/replay`)).body).toMatchObject({ status: "ACCEPTED" });
    expect(textAt(await send(adapted, signed), "status")).toBe("duplicate");
  });

  test("of an older time changes nothing, although one without a time came between", async () => {
    const adapted = await serveAdapter(mux);
    const { service, bucket, clock } = adapted;
    const sent = async (id: string, time: string | undefined) => {
      const body = asset({ title: id }, { id, created_at: time });
      return await send(adapted, await signMux(secret, body, clock.now));
    };
    const first = await sent("e1", "2026-10-01T11:30:00.000Z");
    expect(textAt(await sent("e2", undefined), "status")).toBe("accepted");
    expect(textAt(await sent("e3", "2026-10-01T11:10:00.000Z"), "status")).toBe("ignored");
    const object = await service.get(`${bucket}/objects/${textAt(first, "object_id")}`);
    expect(object.body).toMatchObject({ title: "e2" });
  });

  test("is taken in although another one with its key failed, which is then a duplicate", async () => {
    const adapted = await serveAdapter({ ...generic, dedup_key: "data.number" });
    const { service, bucket, clock } = adapted;
    const body = (duration: unknown) => JSON.stringify({ data: { number: 1, duration } });
    expectRefusal(await send(adapted, withSecret(body("x"))), 422, "ValidationError");
    const path = await failedPath(adapted);
    const good = await send(adapted, signStandard(secret, "msg_1", body(5), clock.now));
    expect(textAt(good, "status")).toBe("accepted");
    const repeated = await send(adapted, withSecret(body("x")));
    expect(textAt(repeated, "status")).toBe("duplicate");
    expect(textAt(repeated, "object_id")).toBe(textAt(good, "object_id"));
    await service.merge(bucket, { source_adapter: { field_mapping: { seconds: null } } });
    expectRefusal(await service.post(`${path}/replay`), 409, "AlreadyExistsError");
    // That it is a duplicate by now is no further try of it.
    expect((await service.get(path)).body).toMatchObject({ status: "FAILED", attempt: 1 });
  });

  test("puts what objects have no field for into metadata, blobs of its own as well", async () => {
    const properties = { ...schema.properties, blobs: { type: "array" } };
    const mapped = { field_mapping: { blobs: "data.files" }, webhook_secret: secret };
    const adapted = await serveAdapter(
      { adapter_type: "generic_webhook", ...mapped },
      { bucket_schema: { properties } },
    );
    const { service, bucket } = adapted;
    const files = [{ property: "clip", type: "video", data: "http://169.254.169.254/" }];
    const made = await send(adapted, withSecret(JSON.stringify({ data: { files } })));
    const object = await service.get(`${bucket}/objects/${textAt(made, "object_id")}`);
    expect(object.body).toMatchObject({ blobs: [], metadata: { blobs: files } });
  });

  test("may have large numbers and keys twice: digits stay digits, and the last one wins", async () => {
    const adapted = await serveAdapter({ ...generic, dedup_key: "data.number" });
    const { service, bucket } = adapted;
    const body = (title: string, number: string, duration = "1") =>
      withSecret(
        `{"other": [9007199254740993, 1e400, -1e999], "data": {"title": "lost",` +
          ` "title": ${title}, "number": ${number}, "duration": ${duration}}}`,
      );
    const { body: text } = body("9007199254740993", "12345678901234567890");
    const tested = await service.send("POST", `${bucket}/source_adapter/test`, { text });
    expect(tested.body).toMatchObject({
      dedup_key: "12345678901234567890",
      object: { title: "9007199254740993" },
    });
    const titleOf = async (answer: Answer) =>
      (await service.get(`${bucket}/objects/${textAt(answer, "object_id")}`)).body;
    const first = await send(adapted, body("9007199254740993", "12345678901234567890"));
    expect(await titleOf(first)).toMatchObject({ title: "9007199254740993" });
    const next = await send(adapted, body('"b"', "12345678901234567891"));
    expect(await titleOf(next)).toMatchObject({ title: "b" });
    const again = await send(adapted, body('"c"', "12345678901234567891"));
    expect(again.body).toMatchObject({ status: "duplicate" });

    const unfit = await send(adapted, body('"d"', "1", "9007199254740993"));
    expectRefusal(unfit, 422, "ValidationError");
    const log = await service.get(`${bucket}/source_adapter/deliveries?status=FAILED`);
    const id = String(at(log, "results", "0", "delivery_id"));
    const field_mapping = { seconds: null, title: "data.duration" };
    await service.merge(bucket, { source_adapter: { field_mapping } });
    const path = `${bucket}/source_adapter/deliveries/${id}/replay`;
    expect(await titleOf(await service.post(path))).toMatchObject({ title: "9007199254740993" });
    expect(await service.store.verify()).toMatchObject({ ok: true });
  });

  test("that holds what no object can is a failed one, and nothing is lost", async () => {
    const adapted = await serveAdapter({ ...generic, dedup_key: "data.number" });
    const { service, bucket } = adapted;
    const deliveries = [
      '{"data": {"title": "\\ud800"}}',
      `{"data": {"number": "${"n".repeat(256)}"}}`,
      '{"data": {"number": "a\\u0000"}}',
      '{"data": {"number": "\\udc00"}}',
    ];
    for (const body of deliveries) {
      const { status } = await send(adapted, withSecret(body));
      expect([400, 422], body).toContain(status);
    }
    const log = await service.get(`${bucket}/source_adapter/deliveries?status=FAILED`);
    expect(listAt(log, "results")).toHaveLength(deliveries.length);
    const adapter = { dedup_key: null, field_mapping: null };
    await service.merge(bucket, { source_adapter: adapter });
    for (const { delivery_id } of z
      .array(z.object({ delivery_id: z.string() }))
      .parse(listAt(log, "results"))) {
      const path = `${bucket}/source_adapter/deliveries/${delivery_id}/replay`;
      expect((await service.post(path)).body).toMatchObject({ status: "ACCEPTED" });
    }
    expect(await service.store.verify()).toMatchObject({ ok: true });
  });

  test("is known by nothing that is too long to be kept", async () => {
    const adapted = await serveAdapter({ ...generic, dedup_key: "data.number" });
    const body = (length: number) => JSON.stringify({ data: { number: "n".repeat(length) } });
    const before = await positionOf(adapted);
    expectRefusal(await send(adapted, withSecret(body(256))), 422, "ValidationError");
    const [failed] = listAt(
      await adapted.service.get(`${adapted.bucket}/source_adapter/deliveries`),
      "results",
    );
    expect(failed).toMatchObject({ status: "FAILED" });
    expect(failed).not.toHaveProperty("dedup_key");
    expect(await positionOf(adapted)).toBe(before + 1);
    expect(textAt(await send(adapted, withSecret(body(255))), "status")).toBe("accepted");
  });

  test("names no URL of a private network for others to fetch", async () => {
    const adapted = await serveAdapter(mux);
    const { clock } = adapted;
    for (const [index, url] of [
      "http://127.0.0.1/a",
      "http://169.254.169.254/",
      "ftp://a.example/",
    ].entries()) {
      const body = asset({ url }, { id: `evt-${index}` });
      expectRefusal(
        await send(adapted, await signMux(secret, body, clock.now)),
        422,
        "ValidationError",
      );
    }
  });
});

/** The route of the newest delivery that failed. */
async function failedPath({ service, bucket }: Adapted): Promise<string> {
  const base = `${bucket}/source_adapter/deliveries`;
  const log = await service.get(`${base}?status=FAILED`);
  return `${base}/${String(at(log, "results", "0", "delivery_id"))}`;
}

describe("a replay under an Idempotency-Key", () => {
  const misfit = (title: string) => withSecret(JSON.stringify({ data: { title, duration: "x" } }));
  const mend = ({ service, bucket }: Adapted) =>
    service.merge(bucket, { source_adapter: { field_mapping: { seconds: null } } });
  const headers = { "Idempotency-Key": "again-1" };

  test("that fails may be tried again under it, and is done once", async () => {
    const adapted = await serveAdapter(generic);
    const { service, bucket } = adapted;
    expectRefusal(await send(adapted, misfit("a")), 422, "ValidationError");
    const path = `${await failedPath(adapted)}/replay`;
    expectRefusal(await service.post(path, {}, { headers }), 422, "ValidationError");
    await mend(adapted);
    const first = await service.post(path, {}, { headers });
    expect(first.body).toMatchObject({ status: "ACCEPTED", attempt: 3 });
    const position = await positionOf(adapted);
    const again = await service.post(path, {}, { headers });
    expect(again.headers.get("idempotency-replayed")).toBe("true");
    expect(again.body).toEqual(first.body);
    expect(await positionOf(adapted)).toBe(position);
    expect((await service.get(bucket)).body).toMatchObject({ object_count: 1 });
  });

  test("is another request for another delivery, in the library as well", async () => {
    const adapted = await serveAdapter(generic);
    const { service, clock } = adapted;
    for (const title of ["a", "b"]) {
      expectRefusal(await send(adapted, misfit(title)), 422, "ValidationError");
      clock.advance(1_000);
    }
    await mend(adapted);
    const adapter = service.store.namespace().sourceAdapter("clips");
    const [newer, older] = (await adapter.deliveries()).results.map((sent) => sent.delivery_id);
    const options = { idempotencyKey: "again-1" };
    const { delivery } = await adapter.replay(newer ?? "", options);
    expect(delivery).toMatchObject({ delivery_id: newer, status: "ACCEPTED" });
    await expect(adapter.replay(older ?? "", options)).rejects.toMatchObject({
      code: "IDEMPOTENCY_KEY_REUSED",
    });
  });
});

test("a dedup_key is kept while the store is down", async () => {
  const file = temporaryFile();
  const open = () =>
    openBuckets<unknown>({ file, clock: new FixedClock().read, durability: "relaxed" });
  const first = await open();
  const { bucket } = await first.namespace().buckets.create({
    bucket_name: "clips",
    bucket_schema: schema,
    source_adapter: { ...generic, dedup_key: "data.number" },
  });
  const headers = { "x-mixpeek-secret": [secret] };
  const body = Buffer.from(JSON.stringify({ data: { number: 1 } }));
  const made = await first.ingest(bucket.bucket_id, { headers, body });
  await first.close();
  await using second = await open();
  const { position } = await second.head();
  const again = await second.ingest(bucket.bucket_id, { headers, body });
  expect(again).toEqual({ status: "duplicate", object_id: made.object_id });
  expect((await second.head()).position).toBe(position);
});

test("what Svix signs is taken in once, under its own id", async () => {
  const adapted = await serveAdapter(generic);
  const body = JSON.stringify({ data: { title: "a" } });
  const signed = signStandard(secret, "msg_svix", body, adapted.clock.now, "svix");
  expect(at(await send(adapted, signed), "status")).toBe("accepted");
  expect(at(await send(adapted, signed), "status")).toBe("duplicate");
  const renamed = signStandard(secret, "msg_svix", body, adapted.clock.now);
  expect(at(await send(adapted, renamed), "status")).toBe("duplicate");
});

describe("a secret that is rotated", () => {
  const payload = JSON.stringify({ data: { title: "a" } });
  const statusOf = async (adapted: Adapted, value: string) =>
    (await send(adapted, withSecret(payload, value))).status;

  test("is refused without an adapter, while it is locked, and with an overlap too long", async () => {
    const adapted = await serveAdapter(generic);
    const { service, bucket } = adapted;
    const path = `${bucket}/source_adapter/rotate`;
    const plain = await makeBucket(service, { bucket_name: "plain" });
    expectRefusal(await service.post(`${plain}/source_adapter/rotate`), 400, "BadRequestError");
    for (const body of [
      { overlap_seconds: 31 * 24 * 60 * 60 },
      { overlap_seconds: -1 },
      { webhook_secret: "" },
      { webhook_secret: "x".repeat(15) },
      { webhook_secret: "x".repeat(513) },
      { webhook_secret: "not of ASCII alone: \u00e9" },
      // What a client that sends back what it read would make everybody's secret.
      { webhook_secret: "********" },
    ]) {
      expectRefusal(await service.post(path, body), 422, "ValidationError");
    }
    const short = { source_adapter: { webhook_secret: "x".repeat(15) } };
    expectRefusal(await service.merge(bucket, short), 422, "ValidationError");
    const patch = [{ op: "replace", path: "/source_adapter/webhook_secret", value: "short" }];
    expectRefusal(await service.jsonPatch(bucket, patch), 422, "ValidationError");
    await service.post(`${bucket}/lock`);
    expectRefusal(await service.post(path), 423, "BucketLockedError");
  });

  test("is shown once, and the old one is taken until the overlap is over", async () => {
    const adapted = await serveAdapter(generic);
    const { service, bucket, clock } = adapted;
    const rotated = await service.post(`${bucket}/source_adapter/rotate`, { overlap_seconds: 60 });
    const made = String(at(rotated, "source_adapter", "webhook_secret"));
    expect(made).toMatch(/^whsec_/);
    const read = await service.get(bucket);
    expect(at(read, "source_adapter", "webhook_secret")).toBe("********");
    expect(at(read, "source_adapter", "previous_secret_valid_until")).toBe(
      new Date(clock.now + 60_000).toISOString(),
    );
    const history = await service.get(`${bucket}/history`);
    for (const value of [made, secret]) expect(history.text).not.toContain(value);
    expect(await statusOf(adapted, made)).toBe(202);
    expect(await statusOf(adapted, secret)).toBe(202);
    const filter = { field: "source_adapter.previous_secret_valid_until", operator: "exists" };
    const count = async () =>
      at(await service.post("/v1/buckets/list", { filters: { AND: [filter] } }), "total_count");
    expect(await count()).toBe(1);
    const tag = read.headers.get("ETag") ?? "";
    clock.advance(60_000);
    expect(await statusOf(adapted, made)).toBe(202);
    expect(await statusOf(adapted, secret)).toBe(401);
    const later = await service.get(bucket, { headers: { "If-None-Match": tag } });
    expect(later.status).toBe(200);
    expect(at(later, "source_adapter", "previous_secret_valid_until")).toBeUndefined();
    expect(await count()).toBe(0);
    const headers = { "If-Match": later.headers.get("ETag") ?? "" };
    expect((await service.patch(bucket, { description: "x" }, { headers })).status).toBe(200);
  });

  test("lets none of those before it in at once, without an overlap", async () => {
    const adapted = await serveAdapter(generic);
    const { service, bucket, clock } = adapted;
    const path = `${bucket}/source_adapter/rotate`;
    const previous = async () =>
      at(await service.get(bucket), "source_adapter", "previous_secrets");
    await service.post(path, { webhook_secret: "the second secret", overlap_seconds: 60 });
    await service.post(path, { webhook_secret: "the third secret!", overlap_seconds: 120 });
    expect(await previous()).toEqual({ count: 2, limit: 4 });
    const tag = header(await service.get(bucket), "ETag");
    clock.advance(60_000);
    const lapsed = header(await service.get(bucket), "ETag");
    expect(await previous()).toEqual({ count: 1, limit: 4 });
    await service.post(path, { webhook_secret: "the fourth secret", overlap_seconds: 0 });
    expect(await previous()).toBeUndefined();
    for (const old of [secret, "the second secret", "the third secret!"]) {
      expect(await statusOf(adapted, old)).toBe(401);
    }
    expect(await statusOf(adapted, "the fourth secret")).toBe(202);
    expect(lapsed).not.toBe(tag);
  });

  test("has at most four before it, and a tag for each that lapses", async () => {
    const adapted = await serveAdapter(generic);
    const { service, bucket, clock } = adapted;
    for (const n of [1, 2, 3, 4, 5]) {
      const body = { webhook_secret: `the secret number ${n}`, overlap_seconds: 60 * n };
      await service.post(`${bucket}/source_adapter/rotate`, body);
    }
    const shown = await service.get(bucket);
    expect(at(shown, "source_adapter", "previous_secrets")).toEqual({ count: 4, limit: 4 });
    expect(await statusOf(adapted, secret)).toBe(401);
    expect(await statusOf(adapted, "the secret number 1")).toBe(202);
    const tags = new Set<string>();
    for (let n = 0; n <= 5; n += 1) {
      tags.add(header(await service.get(bucket), "ETag"));
      clock.advance(60_000);
    }
    // The first that was replaced was pushed out; the others lapse one by one.
    expect(tags.size).toBe(5);
  });

  test("never comes back, whatever is put back", async () => {
    const adapted = await serveAdapter(generic);
    const { service, bucket } = adapted;
    const other = { webhook_secret: "another secret of ours", overlap_seconds: 0 };
    const rotated = await service.post(`${bucket}/source_adapter/rotate`, other);
    expect(rotated.text).not.toContain(other.webhook_secret);
    expectRefusal(await service.post(`${bucket}/revert`, { undo: 2 }), 400, "BadRequestError");
    await service.post(`${bucket}/revert`, { to: 1 });
    expect(await statusOf(adapted, other.webhook_secret)).toBe(202);
    expect(await statusOf(adapted, secret)).toBe(401);
    expect((await service.get(`${bucket}/diff?from=1&to=2&format=fields`)).text).not.toContain(
      "sec_",
    );
  });

  test("is rotated by the client and in a transaction as well", async () => {
    const adapted = await serveAdapter(generic);
    const client = connectBuckets<unknown>({ baseUrl: adapted.service.url, token: tokens.admin });
    const { buckets } = client.namespace();
    await buckets.rotateSecret("clips", {
      webhook_secret: "the secret of the client",
      overlap_seconds: 0,
    });
    expect(await statusOf(adapted, "the secret of the client")).toBe(202);
    await client.namespace().transaction([
      { type: "rotate_secret", bucket: "clips", body: { webhook_secret: "the secret of many" } },
      { type: "patch", bucket: "clips", patch: { description: "rotated" } },
    ]);
    expect(await statusOf(adapted, "the secret of many")).toBe(202);
    expect(await statusOf(adapted, "the secret of the client")).toBe(202);
    await client.close();
  });
});

test("a payload can be tried without making anything, and without a signature", async () => {
  const adapted = await serveAdapter(mux);
  const { service, bucket } = adapted;
  const before = await positionOf(adapted);
  const path = `${bucket}/source_adapter/test`;
  expectRefusal(await service.post(path, []), 422, "ValidationError");
  const unmapped = { ...JSON.parse(asset()), data: { duration: "a while" } };
  expectRefusal(await service.post(path, unmapped), 422, "ValidationError");
  expect((await service.post(path, JSON.parse(asset()))).body).toMatchObject({
    status: "accepted",
    sender_id: "evt-1",
    identity: "asset-1",
    source_time: "2026-10-01T11:59:00.000Z",
    object: { title: "a", seconds: 12.5 },
  });
  expect((await service.post(path, { type: "other" })).body).toMatchObject({ status: "ignored" });
  expect(await positionOf(adapted)).toBe(before);
});

test("the client does with a source adapter what the library does", async () => {
  const adapted = await serveAdapter(generic);
  const { service } = adapted;
  await send(adapted, withSecret(JSON.stringify({ data: { duration: "x" } }))).catch(() => {});
  const client = connectBuckets<unknown>({ baseUrl: service.url, token: tokens.admin });
  const remote = client.namespace().sourceAdapter("clips");
  const local = service.store.namespace().sourceAdapter("clips");
  const listed = await remote.deliveries({ status: "FAILED", limit: 5 });
  expect(listed).toEqual(await local.deliveries({ status: "FAILED", limit: 5 }));
  const id = listed.results[0]?.delivery_id ?? "";
  expect(await remote.delivery(id)).toEqual(await local.delivery(id));
  const payload = { data: { title: "a" } };
  expect((await remote.test(payload)).object?.["title"]).toBe("a");
  await expect(remote.replay(id)).rejects.toMatchObject({ code: "VALIDATION_FAILED" });
  await service.merge(adapted.bucket, { source_adapter: { field_mapping: { seconds: null } } });
  expect((await remote.replay(id)).delivery).toMatchObject({ status: "ACCEPTED" });
  await client.close();
});

describe("what is made is batched", () => {
  const batched = (batching: object) => serveAdapter({ ...generic, batching });
  const batchesOf = async ({ service }: Adapted) =>
    (
      await service.store
        .namespace()
        .batches("clips")
        .list({ sort: { field: "created_at" } })
    ).results.map(({ status, object_ids }) => [status, object_ids.length]);
  const deliver = (adapted: Adapted, title: string) =>
    send(adapted, withSecret(JSON.stringify({ data: { title } })));

  test("not at all without a configuration for it", async () => {
    const adapted = await serveAdapter(generic);
    await deliver(adapted, "a");
    expect(await batchesOf(adapted)).toEqual([]);
  });

  test("at once", async () => {
    const adapted = await batched({ mode: "immediate" });
    await deliver(adapted, "a");
    await deliver(adapted, "b");
    expect(await batchesOf(adapted)).toEqual([
      ["PENDING", 1],
      ["PENDING", 1],
    ]);
  });

  test("at once, as drafts for somebody else to submit", async () => {
    const adapted = await batched({ mode: "immediate", auto_submit: false });
    await deliver(adapted, "a");
    expect(await batchesOf(adapted)).toEqual([["DRAFT", 1]]);
  });

  test("when the batch is full", async () => {
    const adapted = await batched({ mode: "size", max_batch_size: 2 });
    for (const title of ["a", "b", "c"]) await deliver(adapted, title);
    await adapted.service.store.closeWindows();
    adapted.clock.advance(dayMs);
    await adapted.service.store.closeWindows();
    expect(await batchesOf(adapted)).toEqual([
      ["PENDING", 2],
      ["DRAFT", 1],
    ]);
  });

  test("never by itself, where that is for somebody to do", async () => {
    const adapted = await batched({ mode: "manual", max_batch_size: 2 });
    for (const title of ["a", "b", "c"]) await deliver(adapted, title);
    adapted.clock.advance(dayMs);
    await adapted.service.store.closeWindows();
    expect(await batchesOf(adapted)).toEqual([
      ["DRAFT", 2],
      ["DRAFT", 1],
    ]);
  });

  test("when the window closes, and not before", async () => {
    const adapted = await batched({ mode: "time_window", window_seconds: 30 });
    await deliver(adapted, "a");
    adapted.clock.advance(20_000);
    await deliver(adapted, "b");
    expect(await adapted.service.store.closeWindows()).toBe(0);
    adapted.clock.advance(10_000);
    await adapted.service.store.closeWindows();
    await deliver(adapted, "c");
    expect(await batchesOf(adapted)).toEqual([
      ["PENDING", 2],
      ["DRAFT", 1],
    ]);
  });

  test("once its bucket is unlocked, when it was locked as the window closed", async () => {
    const adapted = await batched({ mode: "time_window", window_seconds: 30 });
    const { service, bucket, clock } = adapted;
    await deliver(adapted, "a");
    await service.post(`${bucket}/lock`);
    clock.advance(30_000);
    expect(await service.store.closeWindows()).toBe(0);
    await service.post(`${bucket}/unlock`);
    await service.store.closeWindows();
    expect(await batchesOf(adapted)).toEqual([["PENDING", 1]]);
  });
});

test("a window that was open when the store went down is submitted after it is up again, once", async () => {
  const file = temporaryFile();
  const clock = new FixedClock();
  const open = () => openBuckets<unknown>({ file, clock: clock.read, durability: "relaxed" });
  const first = await open();
  const { bucket } = await first.namespace().buckets.create({
    bucket_name: "clips",
    bucket_schema: schema,
    source_adapter: { ...generic, batching: { mode: "time_window", window_seconds: 30 } },
  });
  const headers = { "x-mixpeek-secret": [secret] };
  const body = Buffer.from(JSON.stringify({ data: { title: "a" } }));
  await first.ingest(bucket.bucket_id, { headers, body });
  await first.close();
  clock.advance(60_000);
  await using second = await open();
  await second.closeWindows();
  await second.closeWindows();
  const batches = second.namespace().batches("clips");
  const { results } = await batches.list();
  expect(results).toMatchObject([{ status: "PENDING" }]);
  const history = await batches.history(results[0]?.batch_id ?? "");
  expect(history.results.map(({ type }) => type)).toEqual(["batch.submitted", "batch.created"]);
  expect(await second.verify()).toMatchObject({ ok: true });
});
