/**
 * Goal: a server that is told to stop finishes what it has begun, and waits for nothing else.
 * Method: requests of which only a part was sent when `close` is called; the rest follows.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { makeBucket, type Service, serveTest, tokens } from "../support/server.js";

async function openSocket(service: Service): Promise<Socket> {
  const { hostname, port } = new URL(service.url);
  const socket = connect(Number(port), hostname);
  await once(socket, "connect");
  return socket;
}

/** Everything that the server says on the connection until it ends it. */
function hear(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on("data", (chunk) => chunks.push(chunk));
  return once(socket, "close").then(() => Buffer.concat(chunks).toString());
}

function head(method: string, path: string, more: readonly string[] = []): string {
  const lines = ["Host: localhost", `Authorization: Bearer ${tokens.admin}`, ...more];
  return `${method} ${path} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`;
}

describe("close", () => {
  it("lets a request under way finish, and ends its connection with the answer", async () => {
    const service = await serveTest();
    const path = await makeBucket(service);
    const socket = await openSocket(service);
    const heard = hear(socket);
    const body = '{"description":"in time"}';
    const lines = ["Content-Type: application/json", `Content-Length: ${body.length}`];
    const patch = head("PATCH", path, [...lines, "Expect: 100-continue"]);
    socket.write(patch);
    // The server asks for the body: the request is under way.
    await once(socket, "data");
    const started = performance.now();
    const closing = service.stop();
    socket.write(body);
    await closing;
    expect(performance.now() - started).toBeLessThan(5_000);
    const answers = await heard;
    expect(answers).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
    expect(answers).toMatch(/^Connection: close\r$/m);
    expect(answers).toContain('"description":"in time"');
    const read = await service.store.namespace().buckets.get(path.split("/").at(-1) ?? "");
    expect(read.bucket.description).toBe("in time");
  });

  it("turns readiness off, while the process is still alive", async () => {
    const service = await serveTest();
    const [ready, alive] = [await openSocket(service), await openSocket(service)];
    const heard = [hear(ready), hear(alive)];
    // A first request on each tells that the server has the connection.
    for (const socket of [ready, alive]) {
      socket.write(head("GET", "/readyz"));
      await once(socket, "data");
      socket.write("GET ");
    }
    await service.get("/healthz");
    const closing = service.stop();
    ready.write(head("GET", "/readyz").slice("GET ".length));
    alive.write(head("GET", "/healthz").slice("GET ".length));
    await closing;
    const [ofReady = "", ofAlive = ""] = await Promise.all(heard);
    const refused = ofReady.split("HTTP/1.1 ")[2] ?? "";
    expect(refused).toMatch(/^503 /);
    expect(refused).toContain('"type":"UnavailableError"');
    expect(refused).toContain("shutting down");
    expect(ofAlive.split("HTTP/1.1 ")[2]).toMatch(/^200 /);
  });

  it("takes no new connections, ends idle ones, and may be called again", async () => {
    const service = await serveTest();
    // fetch keeps its connection open for the next request.
    expect((await service.get("/readyz")).status).toBe(200);
    const started = performance.now();
    await Promise.all([service.stop(), service.stop()]);
    expect(performance.now() - started).toBeLessThan(2_000);
    await expect(service.get("/healthz")).rejects.toThrow();
  });

  it("leaves the store open, and the writes that were answered in it", async () => {
    const service = await serveTest();
    const path = await makeBucket(service);
    const writes = Array.from({ length: 20 }, (_, index) =>
      service.merge(path, { metadata: { [`key ${index}`]: index } }),
    );
    const answers = await Promise.all(writes);
    await service.stop();
    const { bucket } = await service.store.namespace().buckets.get(path.split("/").at(-1) ?? "");
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    expect(Object.keys(bucket.metadata)).toHaveLength(20);
  });
});
