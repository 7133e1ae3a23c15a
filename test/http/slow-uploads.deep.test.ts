/** Goal: who sends the bytes of an upload very slowly holds its place for half a minute, and no longer. */
import { once } from "node:events";
import { connect } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { makeBucket, serveTest, textAt } from "../support/server.js";

const seconds = 34;
const perSecond = 5;

test("an upload of less than 1 KiB a second is ended after 30 seconds, and one of more goes on", async () => {
  const service = await serveTest();
  const properties = { clip: { type: "video" } };
  const bucket = await makeBucket(service, { bucket_schema: { properties } });
  const { hostname, port } = new URL(service.url);
  const send = async (bytesPerSecond: number) => {
    const made = await service.post(`${bucket}/uploads`, {
      filename: "clip.mp4",
      content_type: "video/mp4",
      blob_property: "clip",
    });
    const { pathname, search } = new URL(textAt(made, "presigned_url"));
    const socket = connect(Number(port), hostname);
    onTestFinished(() => void socket.destroy());
    socket.write(
      `PUT ${pathname}${search} HTTP/1.1\r\nHost: x\r\nContent-Type: video/mp4\r\n` +
        `Content-Length: ${seconds * bytesPerSecond}\r\n\r\n`,
    );
    const began = performance.now();
    const piece = "x".repeat(bytesPerSecond / perSecond);
    const dripping = setInterval(() => socket.write(piece), 1_000 / perSecond);
    onTestFinished(() => clearInterval(dripping));
    const [answer] = await once(socket, "data");
    clearInterval(dripping);
    return { answer: String(answer), took: performance.now() - began };
  };
  const [slow, steady] = await Promise.all([send(900), send(1_300)]);
  expect(slow.answer).toMatch(/^HTTP\/1\.1 408 /);
  expect(slow.answer).toContain("Connection: close");
  expect(slow.took).toBeGreaterThanOrEqual(30_000);
  expect(slow.took).toBeLessThan(33_000);
  expect(steady.answer).toMatch(/^HTTP\/1\.1 200 /);
}, 120_000);
