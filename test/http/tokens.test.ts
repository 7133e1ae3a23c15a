import { describe, expect, test } from "vitest";
import {
  at,
  expectRefusal,
  filesBeside,
  listAt,
  makeBucket,
  type Service,
  serveTest,
  TestClock,
  textAt,
} from "../support/server.js";

/** A request with a secret that is none of the fixture's. */
async function withSecret(service: Service, secret: string, path: string, namespace = "default") {
  const headers = { Authorization: `Bearer ${secret}`, "X-Namespace": namespace };
  return await service.send("GET", path, { token: "none", headers });
}

describe("access tokens", () => {
  test("are made, listed and revoked by admin tokens alone", async () => {
    const service = await serveTest();
    for (const token of ["read", "write", "delete"] as const) {
      const body = { name: "ana", permission: "read" };
      expectRefusal(await service.post("/v1/admin/tokens", body, { token }), 403, "ForbiddenError");
      expectRefusal(await service.get("/v1/admin/tokens", { token }), 403, "ForbiddenError");
      const revoked = await service.send("DELETE", "/v1/admin/tokens/ana", { token });
      expectRefusal(revoked, 403, "ForbiddenError");
    }
  });

  test("that do not fit are a 422, and a name that is taken is a 409", async () => {
    const service = await serveTest();
    for (const body of [
      {},
      { name: "", permission: "read" },
      { name: "ana\n", permission: "read" },
      { name: "ana", permission: "owner" },
      { name: "ana", permission: "read", namespaces: [] },
      { name: "ana", permission: "read", namespaces: ["a b"] },
      { name: "ana", permission: "read", expires_at: "tomorrow" },
    ]) {
      expectRefusal(await service.post("/v1/admin/tokens", body), 422, "ValidationError");
    }
    await service.post("/v1/admin/tokens", { name: "ana", permission: "read" });
    const again = await service.post("/v1/admin/tokens", { name: "ana", permission: "write" });
    expectRefusal(again, 409, "AlreadyExistsError");
  });

  test("show their secret once, and are named on the events that they cause", async () => {
    const service = await serveTest();
    const made = await service.post("/v1/admin/tokens", { name: "ana", permission: "write" });
    const secret = textAt(made, "token");
    expect(secret).toMatch(/^bkl_[\w-]{43}$/);
    const listed = await service.get("/v1/admin/tokens");
    expect(listAt(listed, "results")).toMatchObject([{ name: "ana", permission: "write" }]);
    expect(listed.text).not.toContain(secret);
    const headers = { Authorization: `Bearer ${secret}` };
    const path = await makeBucket(service, {}, { token: "none", headers });
    expect(at(await service.get(`${path}/history/1`), "actor")).toBe("ana");
  });

  test("open nothing from the moment that they are revoked", async () => {
    const service = await serveTest();
    const made = await service.post("/v1/admin/tokens", { name: "ana", permission: "read" });
    const secret = textAt(made, "token");
    const path = await makeBucket(service);
    expect((await withSecret(service, secret, path)).status).toBe(200);
    const revoked = await service.send("DELETE", "/v1/admin/tokens/ana");
    expect([revoked.status, revoked.text]).toEqual([204, ""]);
    expectRefusal(await withSecret(service, secret, path), 401, "UnauthorizedError");
    const again = await service.send("DELETE", "/v1/admin/tokens/ana");
    expectRefusal(again, 404, "NotFoundError");
  });

  test("open nothing from the moment that they expire", async () => {
    const clock = new TestClock();
    const service = await serveTest({ clock: clock.read });
    const path = await makeBucket(service);
    const expires = new Date(clock.now + 1_000).toISOString();
    const body = { name: "ana", permission: "read", expires_at: expires };
    const secret = textAt(await service.post("/v1/admin/tokens", body), "token");
    clock.advance(999);
    expect((await withSecret(service, secret, path)).status).toBe(200);
    clock.advance(1);
    expectRefusal(await withSecret(service, secret, path), 401, "UnauthorizedError");
  });

  test("open the namespaces that they were made for, and nothing of the whole store", async () => {
    const service = await serveTest();
    const path = await makeBucket(service, {}, { namespace: "films" });
    const body = { name: "ana", permission: "admin", namespaces: ["films"] };
    const secret = textAt(await service.post("/v1/admin/tokens", body), "token");
    expect((await withSecret(service, secret, path, "films")).status).toBe(200);
    const elsewhere = await withSecret(service, secret, path, "default");
    expectRefusal(elsewhere, 403, "ForbiddenError");
    const tokens = await withSecret(service, secret, "/v1/admin/tokens", "films");
    expectRefusal(tokens, 403, "ForbiddenError");
  });

  test("are kept as digests: no file holds a secret", async () => {
    const service = await serveTest();
    const made = await service.post("/v1/admin/tokens", { name: "ana", permission: "read" });
    for (const [name, bytes] of filesBeside(service.file)) {
      expect(bytes.includes(textAt(made, "token")), name).toBe(false);
    }
  });

  test("let an admin speak for somebody else, and nobody besides", async () => {
    const service = await serveTest();
    const path = await makeBucket(service);
    const headers = { "X-Actor": "Jos%C3%A9" };
    const refused = await service.patch(path, {}, { token: "write", headers });
    expectRefusal(refused, 403, "ForbiddenError");
    await service.patch(path, {}, { headers });
    expect(at(await service.get(`${path}/history/2`), "actor")).toBe("José");
  });
});
