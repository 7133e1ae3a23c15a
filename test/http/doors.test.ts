/** What strangers can do: without a token, without a signature, and from the page of another origin. */
import { once } from "node:events";
import { connect } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { Places } from "../../src/http/admission.js";
import {
  type Answer,
  expectRefusal,
  header,
  makeBucket,
  type Service,
  sendRaw,
  serveTest,
  textAt,
} from "../support/server.js";

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const adapter = { adapter_type: "generic_webhook", webhook_secret: secret };

async function ingestPath(service: Service, sourceAdapter: object | null = adapter) {
  const path = await makeBucket(service, { source_adapter: sourceAdapter });
  return `/v1/ingest/${path.split("/").at(-1)}`;
}

function deliver(service: Service, path: string, sent: string): Promise<Answer> {
  const headers = { "X-Mixpeek-Secret": sent };
  return service.post(path, { type: "x" }, { token: "none", headers });
}

describe("a delivery", () => {
  test("to a bucket without an adapter is refused before its body is read", async () => {
    const service = await serveTest();
    const without = await ingestPath(service, null);
    for (const path of [without, "/v1/ingest/bkt_none"]) {
      const answer = await sendRaw(
        service.url,
        `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n`,
      );
      expect(answer).toMatch(/^HTTP\/1\.1 404 /);
    }
  });

  test("that is guessed counts by address, and shuts out nobody who signs", async () => {
    const service = await serveTest({ rateClock: () => 0 });
    const path = await ingestPath(service);
    for (let n = 0; n < 60; n += 1) {
      expectRefusal(await deliver(service, path, `guess ${n}`), 401, "UnauthorizedError");
    }
    const refused = await deliver(service, path, "guess 60");
    expectRefusal(refused, 429, "TooManyRequestsError");
    expect(header(refused, "Retry-After")).toBe("60");
    expectRefusal(await deliver(service, "/v1/ingest/bkt_x", "guess"), 429, "TooManyRequestsError");
    expect((await deliver(service, path, secret)).status).toBe(202);
  });

  test("whose body does not end holds one of the places of its address, and no more", async () => {
    const service = await serveTest();
    const path = await ingestPath(service);
    const { hostname, port } = new URL(service.url);
    const head = `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n`;
    const sockets = Array.from({ length: 32 }, () => connect(Number(port), hostname));
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
    });
    for (const socket of sockets) {
      socket.write(head);
      // It is asked for its body: it has its place.
      await once(socket, "data");
    }
    const refused = await deliver(service, path, secret);
    expectRefusal(refused, 503, "UnavailableError");
    expect(header(refused, "Retry-After")).toBe("1");
    sockets[0]?.end("{}");
    for (const socket of sockets) socket.destroy();
    await expect.poll(async () => (await deliver(service, path, secret)).status).toBe(202);
  });
});

describe("a webhook secret of one's own", () => {
  /** Each way in which one can be sent. */
  const ways: readonly [
    string,
    (service: Service, path: string, secret: unknown) => Promise<Answer>,
  ][] = [
    [
      "with a new bucket",
      (service, _, secret) =>
        service.post("/v1/buckets", {
          bucket_name: `films-${String(secret).length}`,
          bucket_schema: { properties: {} },
          source_adapter: { ...adapter, webhook_secret: secret },
        }),
    ],
    [
      "with all of the bucket",
      (service, path, secret) =>
        service.send("PUT", path, {
          json: {
            bucket_name: "videos",
            bucket_schema: { properties: {} },
            source_adapter: { ...adapter, webhook_secret: secret },
          },
        }),
    ],
    [
      "in a patch",
      (service, path, secret) =>
        service.patch(path, { source_adapter: { ...adapter, webhook_secret: secret } }),
    ],
    [
      "in a JSON Merge Patch",
      (service, path, secret) =>
        service.merge(path, { source_adapter: { webhook_secret: secret } }),
    ],
    [
      "in a JSON Patch",
      (service, path, value) =>
        service.jsonPatch(path, [{ op: "replace", path: "/source_adapter/webhook_secret", value }]),
    ],
    [
      "in a rotation",
      (service, path, secret) =>
        service.post(`${path}/source_adapter/rotate`, { webhook_secret: secret }),
    ],
  ];

  test.each(ways)("sent %s has 16 to 512 characters of printable ASCII", async (_, send) => {
    const service = await serveTest();
    const path = await makeBucket(service, { source_adapter: adapter });
    const printable = "x".repeat(15);
    for (const refused of [
      "",
      printable,
      "x".repeat(513),
      `${printable}\n`,
      `${printable}\u007f`,
      `${printable}é`,
      "\u0000".repeat(16),
      1_234_567_890_123_456,
    ]) {
      const answer = await send(service, path, refused);
      expectRefusal(answer, 422, "ValidationError");
    }
    for (const taken of ["x".repeat(16), " ~".repeat(256)]) {
      expect((await send(service, path, taken)).status).toBe(200);
    }
  });
});

test("a URL of an upload that is guessed counts by address, and one that is signed goes on", async () => {
  const service = await serveTest({ rateClock: () => 0 });
  const path = await makeBucket(service, {
    bucket_schema: { properties: { file: { type: "document" } } },
  });
  const made = await service.post(`${path}/uploads`, {
    filename: "a.txt",
    content_type: "text/plain",
    blob_property: "file",
  });
  const target = textAt(made, "presigned_url").replace(service.url, "");
  const send = (to: string) =>
    service.send("PUT", to, { token: "none", text: "x", type: "text/plain" });
  const [forged = ""] = target.split("=");
  for (let n = 0; n < 60; n += 1) expect((await send(`${forged}=${n}`)).status).toBe(403);
  expectRefusal(await send(`${forged}=60`), 429, "TooManyRequestsError");
  expect((await send(target)).status).toBe(200);
});

test("a URL of a download that is guessed counts by address and minute, and one that is signed goes on", async () => {
  let now = 0;
  const service = await serveTest({ rateClock: () => now, trustedProxies: ["127.0.0.1"] });
  const path = await makeBucket(service, {
    bucket_schema: { properties: { file: { type: "document" } } },
  });
  const data = { base64: Buffer.alloc(20_000).toString("base64") };
  const blobs = [{ property: "file", type: "document", data }];
  const made = await service.post(`${path}/objects?policy=insert`, { blobs });
  const object = `${path}/objects/${textAt(made, "object_id")}`;
  const read = await service.get(`${object}?return_presigned_urls=true`);
  const signed = textAt(read, "blobs", "0", "properties", "presigned_url");
  const target = signed.replace(service.url, "");
  const guessed = target.replace(/signature=.{4}/, "signature=AAAA");
  const get = (what: string, from: string) =>
    service.get(what, { token: "none", headers: { "X-Forwarded-For": from } });
  for (let n = 0; n < 60; n += 1) expect((await get(guessed, "192.0.2.1")).status).toBe(403);
  const refused = await get(guessed, "192.0.2.1");
  expectRefusal(refused, 429, "TooManyRequestsError");
  expect(header(refused, "Retry-After")).toBe("60");
  expect((await get(target, "192.0.2.1")).status).toBe(200);
  expect((await get(guessed, "192.0.2.2")).status).toBe(403);
  now = 60_000;
  expect((await get(guessed, "192.0.2.1")).status).toBe(403);
});

describe("without tokens", () => {
  const get = async (service: Service, path: string, lines: readonly string[], method = "GET") => {
    const sent = [`${method} ${path} HTTP/1.1`, ...lines, "Connection: close", "", ""].join("\r\n");
    return Number((await sendRaw(service.url, sent)).split(" ")[1]);
  };

  test("only this machine is served, whatever its name", async () => {
    const service = await serveTest({ noAuth: true });
    for (const host of [
      "evil.example",
      "127.0.0.1.evil.example",
      "192.168.1.1",
      "localhost.evil",
    ]) {
      expect(await get(service, "/v1/buckets/x", [`Host: ${host}`]), host).toBe(403);
      expect(await get(service, "/healthz", [`Host: ${host}:80`]), host).toBe(403);
    }
    for (const host of ["localhost", "LOCALHOST:1", "127.0.0.1:80", "[::1]:80", "a.localhost"]) {
      expect(await get(service, "/healthz", [`Host: ${host}`]), host).toBe(200);
    }
  });

  test("the page of another origin can write nothing, and read nothing", async () => {
    const service = await serveTest({ noAuth: true, corsOrigins: ["https://app.example.com"] });
    const path = await makeBucket(service);
    const own = new URL(service.url).host;
    const foreign = [
      ["Origin: https://evil.example"],
      ["Origin: null"],
      ["Origin: http://localhost:1"],
      ["Sec-Fetch-Site: cross-site"],
      ["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate"],
    ];
    for (const lines of foreign) {
      const sent = [`Host: ${own}`, ...lines];
      expect(await get(service, `${path}/archive`, sent, "POST"), lines.join()).toBe(403);
      expect(await get(service, path, sent), lines.join()).toBe(403);
    }
    const listed = [
      [`Origin: http://${own}`],
      ["Origin: https://app.example.com", "Sec-Fetch-Site: cross-site"],
      ["Sec-Fetch-Site: same-origin"],
      ["Sec-Fetch-Site: none"],
    ];
    for (const lines of listed) {
      expect(await get(service, path, [`Host: ${own}`, ...lines]), lines.join()).toBe(200);
    }
  });

  test("a link of another page leads to the pages, and nowhere else", async () => {
    const service = await serveTest({ noAuth: true });
    const { host } = new URL(service.url);
    const lines = [`Host: ${host}`, "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate"];
    for (const path of ["/", "/ui", "/ui/", "/ui/buckets/x", "/docs", "/docs/"]) {
      expect(await get(service, path, lines), path).not.toBe(403);
      expect(await get(service, path, lines, "POST"), path).toBe(403);
    }
    for (const path of ["/uix", "/openapi.json", "/v1/buckets/x", "/v1/ui"]) {
      expect(await get(service, path, lines), path).toBe(403);
    }
  });

  test("is not what a server with tokens does", async () => {
    const service = await serveTest();
    expect(await get(service, "/healthz", ["Host: buckets.example.com"])).toBe(200);
    const lines = ["Host: x", "Origin: https://evil.example"];
    expect(await get(service, "/healthz", lines)).toBe(200);
  });
});

test("places are given to no more than there are, in all and to one", async () => {
  const places = new Places("things", 3, 2);
  const ends: (() => void)[] = [];
  const hold = (key: string) =>
    places.hold(key, () => new Promise<void>((resolve) => ends.push(resolve)));
  const held = [hold("a"), hold("a"), hold("b")];
  await expect(hold("b")).rejects.toMatchObject({ code: "OVERLOADED" });
  ends[0]?.();
  await held[0];
  expect(places.total).toBe(2);
  const again = hold("b");
  await expect(hold("b")).rejects.toMatchObject({ code: "OVERLOADED" });
  for (const end of ends) end();
  await Promise.all([...held, again]);
  await expect(places.hold("a", () => Promise.reject(new Error("x")))).rejects.toThrow("x");
  expect(places.total).toBe(0);
});
