/**
 * Goal: when several refusals apply, the first in the order of the contract answers. Method: one
 * request with every fault at once; take the faults away one by one, in that order.
 */
import { describe, expect, it } from "vitest";
import {
  at,
  header,
  leavesNoTrace,
  makeBucket,
  type Sending,
  type Service,
  serveTest,
} from "../support/server.js";

interface Draft {
  readonly query: string;
  readonly target: string;
  readonly sending: Sending;
}

interface Fault {
  readonly name: string;
  readonly answers: readonly [number, string];
  readonly put: (draft: Draft) => Draft;
}

function withHeader(draft: Draft, name: string, value: string): Draft {
  const headers = { ...draft.sending.headers, [name]: value };
  return { ...draft, sending: { ...draft.sending, headers } };
}

function withSending(draft: Draft, more: Sending): Draft {
  return { ...draft, sending: { ...draft.sending, ...more } };
}

const noToken: Fault = {
  name: "no token",
  answers: [401, "UNAUTHORIZED"],
  // The header stays away whatever token the next fault names.
  put: (draft) => withSending(draft, { token: "none" }),
};
const weakToken: Fault = {
  name: "a token that may only read",
  answers: [403, "FORBIDDEN"],
  put: (draft) => withSending(draft, { token: "read" }),
};
const badQuery: Fault = {
  name: "an unknown query parameter",
  answers: [400, "BAD_REQUEST"],
  put: (draft) => ({ ...draft, query: "?dryrun=true" }),
};
const badMediaType: Fault = {
  name: "a media type that is not taken",
  answers: [415, "UNSUPPORTED_MEDIA_TYPE"],
  put: (draft) => withSending(draft, { type: "text/plain" }),
};
const badSyntax: Fault = {
  name: "a body that is no JSON",
  answers: [400, "BAD_REQUEST"],
  put: (draft) => withSending(draft, { json: undefined, text: "{" }),
};
const badTag: Fault = {
  name: "an If-Match that is no list of tags",
  answers: [400, "BAD_REQUEST"],
  put: (draft) => withHeader(draft, "If-Match", "7"),
};
const longReason: Fault = {
  name: "a reason that is too long",
  answers: [400, "BAD_REQUEST"],
  put: (draft) => withHeader(draft, "X-Reason", "r".repeat(1_001)),
};
const badShape: Fault = {
  name: "a body that does not fit",
  answers: [422, "VALIDATION_FAILED"],
  put: (draft) => withSending(draft, { json: { metadata: 5 } }),
};
const usedKey: Fault = {
  name: "a key that another request used",
  answers: [422, "IDEMPOTENCY_KEY_REUSED"],
  put: (draft) => withHeader(draft, "Idempotency-Key", "used"),
};
const noBucket: Fault = {
  name: "a bucket that is not there",
  answers: [404, "NOT_FOUND"],
  put: (draft) => ({ ...draft, target: "/v1/buckets/absent" }),
};
const staleTag: Fault = {
  name: "a stale tag",
  answers: [412, "PRECONDITION_FAILED"],
  put: (draft) => withHeader(draft, "If-Match", '"1.0"'),
};

/** The faults from `first` on, the earlier ones last, so that they win where two set one thing. */
function draftOf(target: string, sending: Sending, faults: readonly Fault[]): Draft {
  return faults.reduceRight((draft, { put }) => put(draft), { query: "", target, sending });
}

async function expectInOrder(
  service: Service,
  path: string,
  faults: readonly Fault[],
  send: (draft: Draft) => Promise<Awaited<ReturnType<Service["send"]>>>,
  sending: Sending,
): Promise<void> {
  for (const [index, { name, answers }] of faults.entries()) {
    const draft = draftOf(path, sending, faults.slice(index));
    const answer = await leavesNoTrace(service, path, () => send(draft));
    const code = at(answer, "error", "code");
    expect([name, answer.status, code]).toEqual([name, ...answers]);
  }
}

/** A bucket at version 3, on a server that requires If-Match, with a key that is used. */
async function prepare(options: { isLocked: boolean }) {
  const service = await serveTest({ requireIfMatch: true });
  const path = await makeBucket(service);
  await makeBucket(service, { bucket_name: "taken" }, { headers: { "Idempotency-Key": "used" } });
  const read = { headers: { "If-Match": '"1.0"' } };
  await service.patch(path, { description: "x" }, read);
  if (options.isLocked) {
    await service.post(`${path}/lock`, {}, { headers: { "If-Match": '"2.0"' } });
  }
  return { service, path, tag: header(await service.get(path), "ETag") };
}

const isRequired: Fault = {
  name: "no If-Match",
  answers: [428, "PRECONDITION_REQUIRED"],
  put: ({ sending, ...draft }) => {
    const { "If-Match": _, ...headers } = sending.headers ?? {};
    return { ...draft, sending: { ...sending, headers } };
  },
};

describe("PATCH refuses in the order of the contract", () => {
  const unreadable = [noToken, weakToken, badQuery, badMediaType, badSyntax];
  const unfit = [badTag, longReason, badShape, usedKey, noBucket];

  it("what is wrong with the request before what is wrong with the bucket", async () => {
    const { service, path, tag } = await prepare({ isLocked: true });
    const sending = { json: { bucket_name: "taken" }, headers: { "If-Match": tag } };
    const locked: Fault = {
      name: "a lock",
      answers: [423, "BUCKET_LOCKED"],
      put: (draft) => draft,
    };
    await expectInOrder(
      service,
      path,
      [...unreadable, ...unfit, staleTag, locked],
      ({ target, query, sending: sent }) => service.send("PATCH", `${target}${query}`, sent),
      sending,
    );
  });

  it("a missing precondition before a lock and a rule", async () => {
    const { service, path, tag } = await prepare({ isLocked: true });
    await expectInOrder(
      service,
      path,
      [noBucket, isRequired],
      ({ target, query, sending }) => service.send("PATCH", `${target}${query}`, sending),
      { json: { bucket_name: "taken" }, headers: { "If-Match": tag } },
    );
  });

  it("a stale tag before a rule: a taken name, a unique key, a failing test", async () => {
    const { service, path, tag } = await prepare({ isLocked: false });
    const rules: readonly (readonly [Sending, number, string])[] = [
      [{ json: { bucket_name: "taken" } }, 409, "ALREADY_EXISTS"],
      [{ json: { unique_key: { fields: ["a"] } } }, 422, "VALIDATION_FAILED"],
      [
        {
          json: [{ op: "test", path: "/description", value: "y" }],
          type: "application/json-patch+json",
        },
        409,
        "CONFLICT",
      ],
      [
        { json: { bucket_schema: null }, type: "application/merge-patch+json" },
        422,
        "VALIDATION_FAILED",
      ],
    ];
    for (const [sending, status, code] of rules) {
      const rule: Fault = { name: "a rule", answers: [status, code], put: (draft) => draft };
      await expectInOrder(
        service,
        path,
        [staleTag, rule],
        ({ target, query, sending: sent }) => service.send("PATCH", `${target}${query}`, sent),
        { ...sending, headers: { "If-Match": tag } },
      );
    }
  });

  it("a bad query before a body that is nested too deep, and that before a missing bucket", async () => {
    const service = await serveTest();
    const deep = `{"metadata":${'{"a":'.repeat(70)}1${"}".repeat(70)}}`;
    const refuse = async (path: string) =>
      (await service.send("PATCH", path, { text: deep })).status;
    expect(await refuse("/v1/buckets/absent?x=1")).toBe(400);
    expect(await refuse("/v1/buckets/absent")).toBe(422);
  });

  it("an unreadable as_of before a missing bucket", async () => {
    const service = await serveTest();
    for (const path of ["/v1/buckets/absent", "/v1/buckets/absent/replay"]) {
      const name = path.endsWith("replay") ? "from" : "as_of";
      expect((await service.get(`${path}?${name}=0`)).status).toBe(400);
      expect((await service.get(`${path}?${name}=1`)).status).toBe(404);
    }
  });
});

describe("An idempotent replay", () => {
  it("comes before the precondition, the lock and the rule that now hold", async () => {
    const { service, path, tag } = await prepare({ isLocked: false });
    const sending = { headers: { "If-Match": tag, "Idempotency-Key": "mine" } };
    const first = await service.patch(path, { bucket_name: "renamed" }, sending);
    expect(first.status).toBe(200);
    await service.post(`${path}/lock`, {}, { headers: { "If-Match": "*" } });
    const again = await service.patch(path, { bucket_name: "renamed" }, sending);
    expect(again.status).toBe(200);
    expect(again.text).toBe(first.text);
    const refused = { ...sending, token: "read" as const };
    expect((await service.patch(path, { bucket_name: "renamed" }, refused)).status).toBe(403);
  });

  it("comes before 404: it finds the bucket that was renamed since", async () => {
    const service = await serveTest();
    await makeBucket(service);
    const sending = { headers: { "Idempotency-Key": "mine" } };
    const rename = () => service.patch("/v1/buckets/videos", { bucket_name: "renamed" }, sending);
    const first = await rename();
    expect((await service.get("/v1/buckets/videos")).status).toBe(404);
    const again = await rename();
    expect([again.status, again.text]).toEqual([200, first.text]);
  });
});

describe("Lock and unlock refuse in the order of the contract", () => {
  it("a stale tag, then the lock that is there, then an expiry in the past", async () => {
    const { service, path, tag } = await prepare({ isLocked: true });
    const json = { expires_at: "2020-01-01T00:00:00Z" };
    const lock = (ifMatch: string) =>
      service.post(`${path}/lock`, json, { headers: { "If-Match": ifMatch } });
    expect((await lock('"1.0"')).status).toBe(412);
    expect((await lock(tag)).status).toBe(423);
    await service.post(`${path}/unlock`, {}, { headers: { "If-Match": tag } });
    expect((await lock("*")).status).toBe(422);
  });

  it("a missing bucket, a missing or stale tag, then the wrong transition", async () => {
    const { service, path, tag } = await prepare({ isLocked: false });
    const unlock = (target: string, headers: Record<string, string>) =>
      service.post(`${target}/unlock`, {}, { headers });
    expect((await unlock("/v1/buckets/absent", {})).status).toBe(404);
    expect((await unlock(path, {})).status).toBe(428);
    expect((await unlock(path, { "If-Match": '"1.0"' })).status).toBe(412);
    expect((await unlock(path, { "If-Match": tag })).status).toBe(400);
  });
});
