/**
 * HTTP.md, B7: what an operator relies on, and row 66 of B6. Row 74's SIGTERM and exit code are in
 * test/cli/serve.test.ts, its kill -9 in test/eventstore/crash.test.ts; row 76 (OpenTelemetry) is
 * later: nothing is exported.
 */
import { existsSync, rmSync } from "node:fs";
import { connect } from "node:net";
import Database from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { BucketsError, type ErrorCode } from "../../src/domain/errors.js";
import { fails, healthOf, passes } from "../../src/domain/health.js";
import { openBuckets } from "../../src/index.js";
import {
  at,
  createClient,
  expectRefusal,
  header,
  instead,
  leavesNoTrace,
  makeBucket,
  serveTest,
  textAt,
  tokens,
} from "../support/server.js";

describe("when the disk fails", () => {
  const faults: readonly [ErrorCode, number, string][] = [
    ["STORAGE_FULL", 507, "InsufficientStorageError"],
    ["OUTCOME_UNKNOWN", 503, "UnavailableError"],
    ["OVERLOADED", 503, "UnavailableError"],
    ["READ_ONLY", 503, "UnavailableError"],
  ];

  test.for(faults)("66 %s is a %d on writes, and reads go on", async ([code, status, type]) => {
    const service = await serveTest({
      behind: (store) =>
        instead(store, {
          namespace: (name, caller) => {
            const namespace = store.namespace(name, caller);
            const fail = async () => {
              throw new BucketsError(code, "The disk failed.", { outcome: "unknown" });
            };
            return instead(namespace, {
              write: (operation, options) =>
                operation.type === "patch" ? fail() : namespace.write(operation, options),
            });
          },
        }),
    });
    const path = await makeBucket(service);
    const answer = await leavesNoTrace(service, path, () =>
      service.patch(path, { description: "x" }),
    );
    expectRefusal(answer, status, type);
    if (status === 503) expect(Number(header(answer, "Retry-After"))).toBeGreaterThan(0);
    expect(at(answer, "error", "details", "outcome")).toBe("unknown");
    expect((await service.get(path)).status).toBe(200);
  });
});

describe("health", () => {
  test("73 healthz says that the process is alive, whatever the disk does", async () => {
    const touched = () => {
      throw new Error("the store was touched");
    };
    const service = await serveTest({
      behind: (store) => instead(store, { head: touched, health: touched }),
    });
    const answer = await service.get("/healthz", { token: "none" });
    expect(answer.body).toEqual({ status: "ok" });
    expect(header(answer, "Cache-Control")).toBe("no-store");
  });

  test("73 readyz names what is not ready, to everybody and for no longer than now", async () => {
    let ready = true;
    const service = await serveTest({
      behind: (store) =>
        instead(store, {
          health: async () =>
            ready
              ? healthOf("full", [passes("writer", "takes writes")])
              : healthOf("full", [fails("writer", "recovering: disk I/O error")]),
        }),
    });
    const well = await service.get("/readyz", { token: "none" });
    const checks = [{ name: "writer", status: "pass", says: "takes writes" }];
    expect(well.body).toEqual({ status: "ok", durability: "full", checks });
    ready = false;
    const answer = await service.get("/readyz", { token: "none" });
    expectRefusal(answer, 503, "UnavailableError");
    expect(textAt(answer, "error", "message")).toContain("recovering");
    expect(at(answer, "error", "details", "checks")).toMatchObject([{ status: "fail" }]);
    expect(header(answer, "Cache-Control")).toBe("no-store");
    const metrics = (await service.get("/metrics")).text;
    expect(metrics).toMatch(/^bucketlog_ready 0$/m);
    expect(metrics).toMatch(/^bucketlog_check\{check="writer"\} 0$/m);
    expect((await service.get("/healthz")).status).toBe(200);
  });

  test("is told in the words of the hosted API, with what is not here", async () => {
    let checks = [passes("writer", "takes writes"), passes("blobs", "reads and writes")];
    const service = await serveTest({
      behind: (store) => instead(store, { health: async () => healthOf("full", checks) }),
    });
    expectRefusal(await service.get("/v1/health?deep=very"), 400, "BadRequestError");
    const alive = await service.get("/v1/health/liveness", { token: "none" });
    expect(alive.body).toEqual({ status: "ok" });
    const well = await service.get("/v1/health?metrics=true&deep=true", { token: "none" });
    expect(well.headers.get("X-Ignored-Fields")).toBe("metrics");
    const here = { metadata: true, object_storage: true, task_queue: true };
    const absent = { cache: false, vector_store: false, inference: false, analytics: false };
    expect(well.body).toMatchObject({
      status: "OK",
      data: { ...here, ...absent },
      errors: { cache: "This server has none." },
      meta: { durability: "full", checks },
    });
    checks = [passes("writer", "takes writes"), fails("blobs", "the folder is gone")];
    const ill = await service.get("/v1/health");
    expect(ill.body).toMatchObject({
      status: "DEGRADED",
      data: { ...here, object_storage: false },
      errors: { object_storage: "the folder is gone" },
    });
    expect(ill.body).not.toHaveProperty("meta");
  });
});

describe("a file that is deleted under the server", () => {
  test("is found before anything more is acknowledged, and what is open is saved when it is asked", async () => {
    const service = await serveTest();
    const path = await makeBucket(service);
    expectRefusal(await service.post("/v1/admin/rescue"), 409, "ConflictError");
    expect((await service.get("/readyz")).status).toBe(200);
    rmSync(service.file);
    expectRefusal(await service.patch(path, { description: "lost" }), 503, "UnavailableError");
    const readiness = await service.get("/readyz");
    expectRefusal(readiness, 503, "UnavailableError");
    expect(textAt(readiness, "error", "details", "reason")).toMatch(
      /^\S+ is gone: no write is taken/,
    );
    expect((await service.get(path)).status).toBe(200);
    const rescued = await service.post("/v1/admin/rescue");
    expect(rescued.status).toBe(200);
    expect(existsSync(textAt(rescued, "file"))).toBe(true);
    await service.stop();
    await using store = await openBuckets({ file: textAt(rescued, "file"), readOnly: true });
    expect(await store.verify()).toMatchObject({ ok: true, events: 1 });
  });
});

describe("stopping", () => {
  test("74 a request under way is answered, told to close, and new ones are refused", async () => {
    const service = await serveTest();
    const path = await makeBucket(service);
    const { hostname, port } = new URL(service.url);
    const socket = connect(Number(port), hostname);
    let received = "";
    socket.on("data", (chunk) => {
      received += chunk;
    });
    const closed = new Promise((resolve) => socket.once("close", resolve));
    const body = JSON.stringify({ description: "under way" });
    socket.write(
      `PATCH ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${tokens.admin}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, 5)}`,
    );
    // Its answer proves that the server has read what the other connection sent before.
    await service.get("/healthz");
    const started = performance.now();
    const stopped = service.stop();
    await expect(createClient(service.url).get("/healthz")).rejects.toThrow("fetch failed");
    socket.write(body.slice(5));
    await Promise.all([stopped, closed]);
    expect(performance.now() - started).toBeLessThan(5_000);
    expect(received).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(received).toMatch(/\r\nConnection: close\r\n/i);
    expect(received).toContain("under way");
  });
});

describe("metrics", () => {
  test("75 are Prometheus text about templates and statuses, and name nothing", async () => {
    const service = await serveTest();
    const path = await makeBucket(service, { bucket_name: "secret-films" });
    await service.get(path);
    await service.get(`${path}/history/1`);
    await service.get("/v1/buckets/nothing");
    await service.get("/no/such/route");
    await service.send("PROPFIND", path);
    const { text, headers } = await service.get("/metrics", {
      headers: { Accept: "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4" },
    });
    expect(headers.get("Content-Type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(text).toContain("# TYPE http_request_duration_seconds histogram");
    const count = (method: string, route: string, status: number) =>
      `http_request_duration_seconds_count{method="${method}",route="${route}",status="${status}"} 1`;
    expect(text).toContain(count("POST", "/v1/buckets", 200));
    expect(text).toContain(count("GET", "/v1/buckets/{bucket_identifier}", 200));
    expect(text).toContain(count("GET", "/v1/buckets/{bucket_identifier}", 404));
    expect(text).toContain(count("GET", "/v1/buckets/{bucket_identifier}/history/{version}", 200));
    expect(text).toContain(count("GET", "unmatched", 404));
    expect(text).toContain(count("_OTHER", "unmatched", 501));
    expect(text).toMatch(/^bucketlog_log_position 1$/m);
    expect(text).toMatch(/^bucketlog_checkpoint_size 0$/m);
    expect(text).not.toMatch(/^bucketlog_checkpoint_age_seconds /m);
    await service.store.proofs.sign();
    const signed = (await service.get("/metrics")).text;
    expect(signed).toMatch(/^bucketlog_checkpoint_size 1$/m);
    expect(signed).toMatch(/^bucketlog_checkpoint_age_seconds \d/m);
    expect(text).toMatch(/^bucketlog_ready 1$/m);
    expect(text).toMatch(/^process_resident_memory_bytes \d+/m);
    expect(text).toMatch(/^process_cpu_seconds_total /m);
    expect(text).not.toMatch(/bkt_|secret-films/);
  });

  test("75 are not public", async () => {
    const service = await serveTest();
    expectRefusal(await service.get("/metrics", { token: "none" }), 401, "UnauthorizedError");
    expectRefusal(await service.get("/metrics", { token: "delete" }), 403, "ForbiddenError");
    const open = await serveTest({ noAuth: true });
    expect((await open.get("/metrics", { token: "none" })).status).toBe(200);
  });

  test("75 of two servers in one process do not mix", async () => {
    const [one, other] = [await serveTest(), await serveTest()];
    await makeBucket(one);
    expect((await other.get("/metrics")).text).toMatch(/^bucketlog_log_position 0$/m);
  });
});

describe("whose request it was", () => {
  const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
  const parentId = "00f067aa0ba902b7";

  test("77 a valid traceparent is on the log line and on the event", async () => {
    const service = await serveTest();
    await makeBucket(service, {}, { headers: { traceparent: `00-${traceId}-${parentId}-01` } });
    await makeBucket(
      service,
      { bucket_name: "later" },
      { headers: { traceparent: `cc-${traceId}-${parentId}-01-what-comes-later` } },
    );
    expect(service.lines.at(0)).toContain(`"trace_id":"${traceId}"`);
    expect(service.lines.at(1)).toContain(`"trace_id":"${traceId}"`);
    expect(traceIdsOf(service.file)).toEqual([traceId, traceId]);
  });

  test.for([
    ["of zeros", `00-${"0".repeat(32)}-${parentId}-01`],
    ["with a parent of zeros", `00-${traceId}-${"0".repeat(16)}-01`],
    ["of version ff", `ff-${traceId}-${parentId}-01`],
    ["in upper case", `00-${traceId.toUpperCase()}-${parentId}-01`],
    ["that goes on", `00-${traceId}-${parentId}-01-more`],
    ["too short", `00-${traceId.slice(1)}-${parentId}-01`],
    ["sent twice", `00-${traceId}-${parentId}-01, 00-${traceId}-${parentId}-01`],
    ["that is none", "hello"],
  ])("77 a traceparent %s is ignored", async ([, traceparent = ""]) => {
    const service = await serveTest();
    await makeBucket(service, {}, { headers: { traceparent } });
    expect(service.lines.join()).not.toContain("trace_id");
    expect(traceIdsOf(service.file)).toEqual([undefined]);
  });

  test("78 a sane X-Request-Id is echoed, kept and logged; any other is replaced", async () => {
    const service = await serveTest();
    const sane = "checkout:42/retry-1_a.b+c=d@e";
    const path = await makeBucket(service, {}, { headers: { "X-Request-Id": sane } });
    expect(service.lines.at(0)).toContain(sane);
    expect(textAt(await service.get(`${path}/history/1`), "request_id")).toBe(sane);
    for (const id of ["x".repeat(129), "two words", 'quo"te', "a,b", "{}", "\u00e9"]) {
      const answer = await service.get("/nothing", {
        headers: { "X-Request-Id": id, Accept: "application/problem+json" },
      });
      const made = header(answer, "X-Request-Id");
      expect(made).toMatch(/^req_\d+$/);
      expect(textAt(answer, "instance")).toBe(`urn:bucketlog:request:${made}`);
      expect(service.lines.at(-1)).toContain(`"request_id":"${made}"`);
    }
  });
});

/** The trace ids on the events of a file, oldest first. */
function traceIdsOf(file: string): (string | undefined)[] {
  const db = new Database(file, { readonly: true });
  try {
    return db
      .prepare<[], Buffer>("SELECT meta FROM events ORDER BY position")
      .pluck()
      .all()
      .map((meta) => JSON.parse(meta.toString()).trace_id);
  } finally {
    db.close();
  }
}
