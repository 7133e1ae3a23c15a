/**
 * What a request says about its own body: its digest (RFC 9530, RFC 1864), and that it is a part
 * (RFC 9110 section 14.5). Nothing of a body that is not what it says is ever kept.
 */
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import {
  expectRefusal,
  leavesNoTrace,
  makeBucket,
  type Service,
  serveTest,
  textAt,
} from "../support/server.js";

const content = "01234567";

function digest(algorithm: string, text: string): string {
  return createHash(algorithm).update(text).digest("base64");
}

async function serveUpload() {
  const service = await serveTest();
  const bucket = await makeBucket(service, {
    bucket_schema: { properties: { clip: { type: "video" } } },
  });
  const made = await service.post(`${bucket}/uploads`, {
    filename: "a.mp4",
    content_type: "video/mp4",
    blob_property: "clip",
  });
  const { pathname, search } = new URL(textAt(made, "presigned_url"));
  const confirm = `${bucket}/uploads/${textAt(made, "upload_id")}/confirm`;
  const put = (text: string, headers: Readonly<Record<string, string>>) =>
    service.send("PUT", pathname + search, { text, type: "video/mp4", token: "none", headers });
  return { service, bucket, put, confirm };
}

/** Headers about the text, true of it alone. */
function digestsOf(text: string): readonly Readonly<Record<string, string>>[] {
  const sha256 = digest("sha256", text);
  const sha512 = digest("sha512", text);
  const md5 = digest("md5", text);
  return [
    { "Content-Digest": `sha-256=:${sha256}:` },
    { "Content-Digest": `unixsum=:AA==:, sha-512=:${sha512}:;a=1 ,sha-256=:${sha256}:` },
    { "Repr-Digest": `sha-512=:${sha512}:` },
    { "Repr-Digest": `md5=:${md5}:, sha=:${digest("sha1", text)}:` },
    { "Content-MD5": md5 },
    { "Content-Digest": `sha-256=:${sha256}:`, "Content-MD5": md5 },
  ];
}

const unreadable: readonly Readonly<Record<string, string>>[] = [
  { "Content-Digest": "nonsense" },
  { "Content-Digest": "sha-256=abc" },
  { "Content-Digest": `SHA-256=:${digest("sha256", content)}:` },
  { "Content-Digest": "sha-256=::" },
  { "Repr-Digest": "" },
  // What is not checked would be taken for what holds.
  { "Repr-Digest": "crc32c=:AAAAAA==:" },
  { "Content-MD5": createHash("md5").update(content).digest("hex") },
  { "Content-MD5": "" },
];

test("an upload that is not what its digest says is a 400, and nothing has arrived", async () => {
  const { service, bucket, put, confirm } = await serveUpload();
  for (const headers of [...digestsOf("76543210"), ...unreadable]) {
    const refused = await leavesNoTrace(service, bucket, () => put(content, headers));
    expectRefusal(refused, 400, "BadRequestError");
  }
  expect((await service.post(confirm)).status).toBe(400);
  for (const headers of digestsOf(content)) {
    const taken = await put(content, headers);
    expect(taken.status, JSON.stringify(headers)).toBe(200);
  }
  expect((await service.post(confirm)).status).toBe(200);
});

test("a JSON body that is not what its digest says is a 400 without a trace", async () => {
  const service = await serveTest();
  const bucket = await makeBucket(service);
  const text = JSON.stringify({ description: "x" });
  for (const headers of [...digestsOf("{}"), ...unreadable]) {
    const refused = await leavesNoTrace(service, bucket, () =>
      service.send("PATCH", bucket, { text, headers }),
    );
    expectRefusal(refused, 400, "BadRequestError");
  }
  for (const headers of digestsOf(text)) {
    expect((await service.send("PATCH", bucket, { text, headers })).status).toBe(200);
  }
});

test("a part is never taken for the whole, wherever something is written", async () => {
  const { service, bucket, put, confirm } = await serveUpload();
  for (const range of ["bytes 0-3/8", "bytes 4-7/8", "bytes 0-7/8", "bytes */8", "x"]) {
    const headers = { "Content-Range": range };
    const refused = await leavesNoTrace(service, bucket, () => put("0123", headers));
    expectRefusal(refused, 400, "BadRequestError");
    for (const write of writesOf(service, bucket, headers)) {
      expectRefusal(await leavesNoTrace(service, bucket, write), 400, "BadRequestError");
    }
  }
  expect((await service.post(confirm)).status).toBe(400);
});

test("an upload has no version of its own that a condition could be about", async () => {
  const { put } = await serveUpload();
  for (const headers of [{ "If-Match": '"x"' }, { "If-None-Match": "*" }]) {
    expectRefusal(await put(content, headers), 400, "BadRequestError");
  }
});

function writesOf(service: Service, bucket: string, headers: Readonly<Record<string, string>>) {
  return [
    () => service.send("PUT", bucket, { json: { description: "x" }, headers }),
    () => service.patch(bucket, { description: "x" }, { headers }),
    () => service.post(`${bucket}/objects?policy=insert`, { title: "x" }, { headers }),
  ];
}
