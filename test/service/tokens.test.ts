/** Unit: src/service/keys/tokens.ts, through the store and over HTTP. */
import { describe, expect, it, onTestFinished } from "vitest";
import { openBuckets } from "../../src/index.js";
import {
  at,
  expectRefusal,
  header,
  listAt,
  makeBucket,
  serveTest,
  TestClock,
  temporaryFile,
  textAt,
} from "../support/server.js";

function bearer(secret: string, namespace?: string) {
  return {
    token: "none",
    headers: { Authorization: `Bearer ${secret}` },
    ...(namespace !== undefined && { namespace }),
  } as const;
}

describe("A token", () => {
  it.each(["short", "x".repeat(15), "x".repeat(513), "with a space inside", "ünïcödé-token-0123"])(
    "that is chosen as %j is refused",
    async (secret) => {
      const store = await openBuckets({ file: ":memory:" });
      expect(() => store.tokens.accept(secret)).toThrow(
        expect.objectContaining({ code: "BAD_REQUEST" }),
      );
      expect(store.tokens.authenticate(secret)).toBeUndefined();
    },
  );

  it("may have 16 or 512 characters", async () => {
    const store = await openBuckets({ file: ":memory:" });
    for (const secret of ["x".repeat(16), "x".repeat(512)]) {
      store.tokens.accept(secret);
      expect(store.tokens.authenticate(secret)).toMatchObject({ permission: "admin" });
    }
  });

  it("is known after a restart, and opens nothing once it is revoked", async () => {
    const { file, remove } = temporaryFile();
    onTestFinished(remove);
    const first = await openBuckets({ file });
    const { token } = await first.tokens.create({ name: "worker", permission: "write" });
    await first.close();
    const second = await openBuckets({ file });
    expect(second.tokens.authenticate(token)).toMatchObject({ name: "worker" });
    expect(second.tokens.authenticate(`${token}x`)).toBeUndefined();
    await second.tokens.revoke("worker");
    expect(second.tokens.authenticate(token)).toBeUndefined();
    await expect(second.tokens.revoke("worker")).rejects.toMatchObject({ code: "NOT_FOUND" });
    await second.close();
    const third = await openBuckets({ file });
    expect(third.tokens.authenticate(token)).toBeUndefined();
    await third.close();
  });
});

describe("/v1/admin/tokens", () => {
  it("is for admin tokens that are not limited to namespaces", async () => {
    const service = await serveTest();
    const body = { name: "new", permission: "read" };
    const weak = await service.post("/v1/admin/tokens", body, { token: "delete" });
    expectRefusal(weak, 403, "ForbiddenError");
    const limited = await service.post("/v1/admin/tokens", {
      name: "limited",
      permission: "admin",
      namespaces: ["team"],
    });
    const asLimited = bearer(textAt(limited, "token"), "team");
    expectRefusal(await service.post("/v1/admin/tokens", body, asLimited), 403, "ForbiddenError");
    expectRefusal(await service.post("/v1/admin/verify", {}, asLimited), 403, "ForbiddenError");
  });

  it("refuses a name that is taken or none, and a permission that is none", async () => {
    const service = await serveTest();
    const body = { name: "new", permission: "read" };
    expect((await service.post("/v1/admin/tokens", body)).status).toBe(200);
    expectRefusal(await service.post("/v1/admin/tokens", body), 409, "AlreadyExistsError");
    for (const bad of [
      { ...body, name: "" },
      { ...body, name: "a b" },
      { ...body, permission: "root" },
      { ...body, namespaces: [] },
      { ...body, expires_at: "tomorrow" },
    ]) {
      expectRefusal(await service.post("/v1/admin/tokens", bad), 422, "ValidationError");
    }
  });

  it("shows a secret once, and never in the list", async () => {
    const service = await serveTest();
    const made = await service.post("/v1/admin/tokens", { name: "new", permission: "read" });
    const secret = textAt(made, "token");
    expect(secret).toMatch(/^bkl_[\w-]{43}$/);
    expect(header(made, "Cache-Control")).toBe("no-store");
    const list = await service.get("/v1/admin/tokens");
    expect(listAt(list, "results")).toMatchObject([{ name: "new", permission: "read" }]);
    expect(list.text).not.toContain(secret);
  });

  it("revokes at once", async () => {
    const service = await serveTest();
    const made = await service.post("/v1/admin/tokens", { name: "new", permission: "read" });
    const asNew = bearer(textAt(made, "token"));
    expect((await service.post("/v1/buckets/list", {}, asNew)).status).toBe(200);
    expect((await service.send("DELETE", "/v1/admin/tokens/new")).status).toBe(204);
    const refused = await service.post("/v1/buckets/list", {}, asNew);
    expectRefusal(refused, 401, "UnauthorizedError");
    expect(header(refused, "WWW-Authenticate")).toBe("Bearer");
    const again = await service.send("DELETE", "/v1/admin/tokens/new");
    expectRefusal(again, 404, "NotFoundError");
  });
});

describe("A token over HTTP", () => {
  it("that has expired is a 401, to the millisecond", async () => {
    const clock = new TestClock();
    const service = await serveTest({ clock: clock.read });
    const made = await service.post("/v1/admin/tokens", {
      name: "new",
      permission: "read",
      expires_at: new Date(clock.now + 1_000).toISOString(),
    });
    const asNew = bearer(textAt(made, "token"));
    clock.advance(999);
    expect((await service.post("/v1/buckets/list", {}, asNew)).status).toBe(200);
    clock.advance(1);
    const refused = await service.post("/v1/buckets/list", {}, asNew);
    expectRefusal(refused, 401, "UnauthorizedError");
  });

  it("opens its namespaces and no other, whether there is anything in them or not", async () => {
    const service = await serveTest();
    await makeBucket(service, {}, { namespace: "secret" });
    const made = await service.post("/v1/admin/tokens", {
      name: "new",
      permission: "write",
      namespaces: ["team", "other"],
    });
    const secret = textAt(made, "token");
    expect((await service.post("/v1/buckets/list", {}, bearer(secret, "team"))).status).toBe(200);
    for (const namespace of [undefined, "secret", "empty"]) {
      const answer = await service.get("/v1/buckets/videos", bearer(secret, namespace));
      expectRefusal(answer, 403, "ForbiddenError");
    }
  });

  it.each([
    ["read", [200, 403, 403, 403]],
    ["write", [200, 200, 403, 403]],
    ["delete", [200, 200, 403, 200]],
    ["admin", [200, 200, 200, 200]],
  ] as const)(
    "with the permission %s may read, write, lock, delete: %j",
    async (token, expected) => {
      const service = await serveTest();
      const path = await makeBucket(service);
      const answers = [
        await service.get(path, { token }),
        await service.patch(path, {}, { token }),
        await service.post(`${path}/lock`, {}, { token }),
        await service.post(`${path}/unlock`).then(() => service.send("DELETE", path, { token })),
      ];
      expect(answers.map(({ status }) => status)).toEqual(expected);
    },
  );

  it("is asked for before it is told whether something exists", async () => {
    const service = await serveTest();
    const path = await makeBucket(service);
    for (const target of [path, "/v1/buckets/absent"]) {
      const none = await service.patch(target, {}, { token: "none" });
      expectRefusal(none, 401, "UnauthorizedError");
      const weak = await service.patch(target, {}, { token: "read" });
      expectRefusal(weak, 403, "ForbiddenError");
      expect(weak.text.replace(header(weak, "X-Request-Id"), "")).not.toContain("absent");
    }
  });

  it("may speak for somebody only when it is an admin's", async () => {
    const service = await serveTest();
    const headers = { "X-Actor": "ana" };
    const path = await makeBucket(service, {}, { headers });
    const weak = await service.patch(path, {}, { headers, token: "write" });
    expectRefusal(weak, 403, "ForbiddenError");
    const history = await service.get(`${path}/history`);
    expect(at(history, "results", "0", "actor")).toBe("ana");
  });
});
