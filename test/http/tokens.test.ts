import { describe, expect, onTestFinished, test } from "vitest";
import { connectBuckets, openBuckets } from "../../src/index.js";
import {
  at,
  expectRefusal,
  filesBeside,
  header,
  listAt,
  makeBucket,
  type Service,
  serve,
  serveTest,
  TestClock,
  temporaryFile,
  textAt,
  tokens,
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

  test("made or rotated under a key are so once, and answered again without their secret", async () => {
    const { file, remove } = temporaryFile();
    onTestFinished(remove);
    const first = await serve({ file });
    const made = { name: "ana", permission: "write" };
    const under = (key: string) => ({ headers: { "Idempotency-Key": key } });
    const created = await first.post("/v1/admin/tokens", made, under("one"));
    const secret = textAt(created, "token");
    await first.close();
    const service = await serveTest({ file });
    const head = (value: string) => withSecret(service, value, "/v1/events/head");
    const again = await service.post("/v1/admin/tokens", made, under('"one"'));
    expect([again.status, header(again, "Idempotency-Replayed")]).toEqual([200, "true"]);
    expect(again.text).toBe(created.text.replace(secret, "********"));
    for (const [path, body] of [
      ["/v1/admin/tokens", { ...made, permission: "admin" }],
      ["/v1/admin/tokens/ana/rotate", undefined],
    ] as const) {
      const refused = await service.post(path, body, under("one"));
      expectRefusal(refused, 422, "ValidationError");
    }
    expect((await head(secret)).status).toBe(200);
    const rotated = await service.post("/v1/admin/tokens/ana/rotate", undefined, under("two"));
    const second = textAt(rotated, "token");
    expect(rotated.headers.has("Idempotency-Replayed")).toBe(false);
    const lost = await service.post("/v1/admin/tokens/ana/rotate", undefined, under("two"));
    expect(lost.text).toBe(rotated.text.replace(second, "********"));
    expect([(await head(secret)).status, (await head(second)).status]).toEqual([401, 200]);
    for (const replayed of [null, "true"]) {
      const revoked = await service.send("DELETE", "/v1/admin/tokens/ana", under("three"));
      expect([revoked.status, revoked.headers.get("Idempotency-Replayed")]).toEqual([
        204,
        replayed,
      ]);
    }
    for (const bytes of filesBeside(file).values()) {
      for (const value of [secret, second]) expect(bytes.includes(value)).toBe(false);
    }
  });

  test("are refused under a key that is none, and with If-Match, and stay as they were", async () => {
    const service = await serveTest();
    const body = { name: "ana", permission: "read" };
    for (const [headers, status] of [
      [{ "Idempotency-Key": "a b" }, 400],
      [{ "Idempotency-Key": "x".repeat(256) }, 400],
      [{ "If-Match": "*" }, 412],
      [{ "If-Match": '"1"' }, 412],
    ] as const) {
      const refused = await service.post("/v1/admin/tokens", body, { headers });
      expect(refused.status, refused.text).toBe(status);
    }
    expect(listAt(await service.get("/v1/admin/tokens"), "results")).toEqual([]);
    // One that the operator chose is kept in no file, and so is not to be rotated.
    for (const name of ["ana", "admin"]) {
      const refused = await service.post(`/v1/admin/tokens/${name}/rotate`);
      expectRefusal(refused, 404, "NotFoundError");
    }
    const write = { token: "write" } as const;
    const rotated = await service.post("/v1/admin/tokens/ana/rotate", undefined, write);
    expectRefusal(rotated, 403, "ForbiddenError");
  });

  test("are rotated and replayed by the library and the client alike", async () => {
    const service = await serveTest();
    const client = connectBuckets<unknown>({ baseUrl: service.url, token: tokens.admin });
    const memory = await openBuckets<unknown>({ file: ":memory:" });
    for (const [name, store] of Object.entries({ library: service.store, client, memory })) {
      const body = { name, permission: "read", expires_at: "2036-10-01" };
      const options = { idempotencyKey: name };
      const first = await store.tokens.create(body, options);
      const again = await store.tokens.create(body, options);
      expect(again).toEqual({ ...first, token: "********", replayed: true });
      const rotated = await store.tokens.rotate(name);
      expect(rotated).toEqual({ ...first, token: expect.stringMatching(/^bkl_[\w-]{43}$/) });
      expect(rotated.token).not.toBe(first.token);
      await expect(store.tokens.rotate(name, options)).rejects.toMatchObject({
        code: "IDEMPOTENCY_KEY_REUSED",
      });
      expect(await store.tokens.revoke(name)).toEqual({ replayed: false });
      await expect(store.tokens.revoke(name)).rejects.toMatchObject({ code: "NOT_FOUND" });
    }
    await client.close();
    await memory.close();
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

  test("are all listed, also where the namespaces that they open make a long answer", async () => {
    const service = await serveTest();
    const namespaces = Array.from({ length: 1_000 }, (_, at) => `${at}-`.padEnd(100, "n"));
    for (const name of ["ana", "ben", "eve"]) {
      await service.post("/v1/admin/tokens", { name, permission: "read", namespaces });
    }
    const listed = await service.get("/v1/admin/tokens");
    expect(header(listed, "Content-Type")).toMatch(/^application\/json/);
    for (const name of ["ana", "ben", "eve"]) {
      expect(listAt(listed, "results")).toContainEqual(
        expect.objectContaining({ name, namespaces }),
      );
    }
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

  test("are told of as of no moment that is none, and to nobody who opens less than the store", async () => {
    const service = await serveTest();
    const body = { name: "ana", permission: "admin", namespaces: ["films"] };
    const secret = textAt(await service.post("/v1/admin/tokens", body), "token");
    for (const [asOf, status] of [
      ["3", 400],
      ["yesterday", 400],
      ["@99", 404],
    ] as const) {
      expect((await service.get(`/v1/admin/tokens?as_of=${asOf}`)).status).toBe(status);
    }
    expect((await service.get("/v1/admin/tokens?at=@1")).status).toBe(400);
    const limited = (path: string) => withSecret(service, secret, path, "films");
    expectRefusal(await limited("/v1/admin/tokens?as_of=@1"), 403, "ForbiddenError");
    for (const path of ["/v1/organizations/audit/logs?resource_type=api_key", "/v1/events"]) {
      const seen = await limited(path);
      expect([seen.status, listAt(seen, "results")]).toEqual([200, []]);
    }
    for (const namespace of ["*", "_log"]) {
      const refused = await withSecret(service, secret, "/v1/events", namespace);
      expectRefusal(refused, 403, "ForbiddenError");
    }
    const named = await service.get("/v1/events", { namespace: "_log" });
    expectRefusal(named, 400, "BadRequestError");
  });

  test("that are made, rotated and revoked are in the audit log: which, by whom, from where, and why", async () => {
    const clock = new TestClock();
    const service = await serveTest({ clock: clock.read });
    const boss = await service.post("/v1/admin/tokens", { name: "boss", permission: "admin" });
    const as = (reason: string) => ({
      token: "none" as const,
      headers: {
        Authorization: `Bearer ${textAt(boss, "token")}`,
        "X-Actor": "mallory",
        "X-Reason": reason,
        "User-Agent": "curl/8",
      },
    });
    const path = "/v1/admin/tokens";
    const made = await service.post(path, { name: "ana", permission: "read" }, as("she helps"));
    await service.post(`${path}/ana/rotate`, undefined, as("it%20was%20lost"));
    clock.advance(1_000);
    await service.send("DELETE", `${path}/ana`, as("she left"));

    const id = textAt(made, "token_id");
    const audit = await service.get(`/v1/organizations/audit/logs?resource_id=${id}`);
    const who = {
      resource_type: "api_key",
      resource_id: id,
      namespace_id: "_log",
      actor_id: "mallory",
      acting_token: "boss",
      ip_address: "127.0.0.1",
      user_agent: "curl/8",
    };
    expect(listAt(audit, "results")).toMatchObject([
      { ...who, action: "api_key_revoked" },
      { ...who, action: "api_key_rotated" },
      { ...who, action: "api_key_created" },
    ]);
    const feed = await service.get("/v1/events?types=token.rotated", { namespace: "*" });
    expect(listAt(feed, "results")).toMatchObject([{ token_id: id, reason: "it was lost" }]);

    const listed = async (asOf: string) => {
      const answer = await service.get(`${path}?as_of=${asOf}`);
      expect([answer.status, header(answer, "Cache-Control")]).toEqual([200, "no-store"]);
      return listAt(answer, "results").map((token) => Object(token).name);
    };
    const second = (at: number) => new Date(at).toISOString();
    expect(await listed("@1")).toEqual(["boss"]);
    expect(await listed(second(clock.now - 1))).toEqual(["ana", "boss"]);
    expect(await listed(second(clock.now))).toEqual(["boss"]);
  });

  test("stand beside the name that an admin spoke in, wherever it is told who did it", async () => {
    const service = await serveTest();
    const path = await makeBucket(service);
    const made = await service.post("/v1/admin/tokens", { name: "boss", permission: "admin" });
    const headers = { Authorization: `Bearer ${textAt(made, "token")}`, "X-Actor": "mallory" };
    await service.patch(path, { description: "x" }, { token: "none", headers });

    const spoken = { actor: "mallory", acting_token: "boss" };
    const entry = await service.get(`${path}/history/2`);
    expect([at(entry, "actor"), at(entry, "acting_token")]).toEqual(["mallory", "boss"]);
    expect(listAt(await service.get("/v1/events?after=1"), "results")).toMatchObject([spoken]);
    const audit = await service.get("/v1/organizations/audit/logs?actor_id=mallory");
    expect(listAt(audit, "results")).toMatchObject([{ actor_id: "mallory", acting_token: "boss" }]);
  });
});
