/**
 * Goal: what others need to check the log is there as C2SP tlog-tiles says, and nothing that was not
 * signed. Method: an auditor who has the tiles of a checkpoint alone, and a hasher of their own.
 */
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { type Answer, type Service, type ServiceOptions, serveTest } from "../support/server.js";

const sha256 = (...parts: readonly Uint8Array[]) =>
  createHash("sha256").update(Buffer.concat(parts)).digest();

/** RFC 6962, section 2.1, as it is written there. */
function rootOf(leaves: readonly Uint8Array[]): Uint8Array {
  const [only] = leaves;
  if (only === undefined) return sha256();
  if (leaves.length === 1) return only;
  const split = 2 ** Math.ceil(Math.log2(leaves.length) - 1);
  return sha256(Uint8Array.of(1), rootOf(leaves.slice(0, split)), rootOf(leaves.slice(split)));
}

/** How the specification names a tile: elements of three digits, all but the last behind an `x`. */
function nameOf(index: number): string {
  const digits = String(index).padStart(Math.ceil(String(index).length / 3) * 3, "0");
  const elements = digits.match(/.{3}/g) ?? [];
  return elements.map((part, at) => (at < elements.length - 1 ? `x${part}` : part)).join("/");
}

/** Every tile of a level over so many leaves, the partial one last: with its width. */
function tilesOf(level: number, size: number): { name: string; width: number }[] {
  const hashes = Math.floor(size / 256 ** level);
  const full = Math.floor(hashes / 256);
  const tiles = Array.from({ length: full }, (_, index) => ({ name: nameOf(index), width: 256 }));
  const rest = hashes % 256;
  return rest === 0 ? tiles : [...tiles, { name: `${nameOf(full)}.p/${rest}`, width: rest }];
}

async function bytesOf(service: Service, path: string): Promise<Buffer> {
  const response = await fetch(`${service.url}/v1/log/${path}`);
  expect(response.status, path).toBe(200);
  expect(response.headers.get("Content-Type"), path).toBe("application/octet-stream");
  return Buffer.from(await response.arrayBuffer());
}

function cut(bytes: Buffer, width: number): Buffer[] {
  expect(bytes.length % width).toBe(0);
  return Array.from({ length: bytes.length / width }, (_, at) =>
    bytes.subarray(at * width, (at + 1) * width),
  );
}

async function signedAt(size: number, options: ServiceOptions = {}): Promise<Service> {
  const service = await serveTest({ durability: "relaxed", publicCheckpoints: true, ...options });
  const { buckets } = service.store.namespace();
  await buckets.create({ bucket_name: "films", bucket_schema: { properties: {} } });
  const patches = Array.from({ length: size - 1 }, (_, n) =>
    buckets.patch("films", { metadata: { n } }),
  );
  await Promise.all(patches);
  expect((await service.store.proofs.sign()).size).toBe(size);
  return service;
}

const rootIn = (note: string) => Buffer.from(note.split("\n")[2] ?? "", "base64");

describe("whoever has the tiles alone", () => {
  test.each([1, 255, 256, 257, 600])("has the signed root of %d events", async (size) => {
    const service = await signedAt(size);
    const note = (await service.get("/v1/log/checkpoint", { token: "none" })).text;
    const leaves: Buffer[] = [];
    for (const { name, width } of tilesOf(0, size)) {
      const tile = await bytesOf(service, `tile/0/${name}`);
      expect(tile.length).toBe(32 * width);
      const hashes = cut(tile, 32);
      const entries = cut(await bytesOf(service, `tile/entries/${name}`), 34);
      for (const [at, entry] of entries.entries()) {
        expect(entry.readUInt16BE(0)).toBe(32);
        expect(sha256(Uint8Array.of(0), entry.subarray(2))).toEqual(hashes[at]);
      }
      leaves.push(...hashes);
    }
    expect(rootOf(leaves)).toEqual(rootIn(note));

    const above: Buffer[] = [];
    for (const { name } of tilesOf(1, size)) {
      above.push(...cut(await bytesOf(service, `tile/1/${name}`), 32));
    }
    const full = Array.from({ length: Math.floor(size / 256) }, (_, at) =>
      rootOf(leaves.slice(at * 256, (at + 1) * 256)),
    );
    expect(above).toEqual(full);
  });
});

describe("a tile is refused", () => {
  test("beyond what was signed, though the log goes on", async () => {
    const service = await signedAt(3);
    await service.store.namespace().buckets.patch("films", { description: "later" });
    for (const path of ["0/000", "0/000.p/4", "0/001.p/1", "1/000.p/1", "63/000.p/1"]) {
      const answer = await service.get(`/v1/log/tile/${path}`, { token: "none" });
      expect([path, answer.status]).toEqual([path, 404]);
      expect(answer.text).toContain("3 events");
      expect(answer.headers.get("Cache-Control")).toBe("no-store");
    }
    expect((await service.get("/v1/log/tile/entries/000.p/4", { token: "none" })).status).toBe(404);
  });

  test.each([
    "0/0",
    "0/00",
    "0/0000",
    "0/x000/067",
    "0/001/067",
    "0/x001",
    "0/x001/x067",
    "0/-01",
    "0/000.p/0",
    "0/000.p/01",
    "0/000.p/256",
    "0/000.p/",
    "0/x999/x999/x999/x999/x999/999",
    "64/000",
    "00/000",
    "-1/000",
    "data/000",
    "0/000/",
    "entries/0",
    "entries/000.p/256",
  ])("as %s, which names none", async (path) => {
    const service = await serveTest({ publicCheckpoints: true });
    const { status } = await service.get(`/v1/log/tile/${path}`);
    expect(status).toBe(400);
  });
});

describe("who may compare", () => {
  const compared = [
    "/v1/log/checkpoint",
    "/v1/log/tile/0/000.p/2",
    "/v1/log/tile/entries/000.p/2",
    "/v1/log/proofs/consistency?from=1&to=2",
  ];
  const cacheOf = ({ headers }: Answer) => headers.get("Cache-Control");

  test("everybody, where checkpoints are public; events are still for those with a token", async () => {
    const service = await signedAt(2);
    for (const path of compared) {
      const answer = await service.get(path, { token: "none" });
      expect([path, answer.status]).toEqual([path, 200]);
      const isTile = path.includes("/tile/");
      expect(cacheOf(answer)).toBe(isTile ? "public, max-age=31536000, immutable" : "no-store");
    }
    for (const path of [
      "/v1/log/proofs/inclusion?position=1",
      "/v1/buckets/films/history/1/proof",
    ]) {
      expect((await service.get(path, { token: "none" })).status).toBe(401);
    }
    expect((await service.post("/v1/admin/checkpoints", {}, { token: "none" })).status).toBe(401);
  });

  test("nobody without a token that opens the whole store, elsewhere", async () => {
    const service = await signedAt(2, { publicCheckpoints: false });
    const { token } = await service.store.tokens.create({
      name: "elsewhere",
      permission: "admin",
      namespaces: ["elsewhere"],
    });
    for (const path of compared) {
      expect((await service.get(path, { token: "none" })).status).toBe(401);
      const headers = { Authorization: `Bearer ${token}` };
      expect((await service.get(path, { token: "none", headers })).status).toBe(403);
      const answer = await service.get(path, { token: "read" });
      expect([path, answer.status]).toEqual([path, 200]);
      const isTile = path.includes("/tile/");
      expect(cacheOf(answer)).toBe(isTile ? "private, max-age=31536000, immutable" : "no-store");
    }
  });
});
