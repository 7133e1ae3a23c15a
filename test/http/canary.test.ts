/**
 * Goal: a secret is nowhere but encrypted in its own table. Method: send a canary everywhere that a
 * secret can be sent, in accepted and refused requests, then look for it in every answer, log line
 * and file, also as hex and base64.
 */
import { readFileSync, statSync } from "node:fs";
import Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { parseSecretKey, Vault } from "../../src/service/keys/vault.js";
import {
  type Answer,
  at,
  bucketOf,
  eventsOf,
  expectRefusal,
  filesBeside,
  header,
  leavesNoTrace,
  makeBucket,
  type Service,
  sendRaw,
  serve,
  serveTest,
  textAt,
} from "../support/server.js";

const canary = "canary-5cdeb1b7-never-to-be-seen";

function spellings(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  return [secret, bytes.toString("hex"), bytes.toString("base64"), encodeURIComponent(secret)];
}

/** Fails when the secret stands in the text, without printing either. */
function expectAbsent(secret: string, where: string, text: string | Buffer): void {
  const found = spellings(secret).some((spelling) => text.includes(spelling));
  expect(found, `the canary is in ${where}`).toBe(false);
}

function expectAnswerClean(answer: Answer, secret: string = canary): void {
  const headers = JSON.stringify([...answer.headers]);
  expectAbsent(secret, `an answer with status ${answer.status}`, `${headers}\n${answer.text}`);
}

function expectFilesClean(service: Service, secret: string = canary): void {
  for (const [name, bytes] of filesBeside(service.file)) expectAbsent(secret, name, bytes);
  expectAbsent(secret, "the log", service.lines.join("\n"));
}

const mux = { adapter_type: "mux" };
const withSecrets = {
  ...mux,
  webhook_secret: canary,
  connection: {
    api_base_url: "https://api.mux.com",
    credentials: { token: canary, nested: { list: [canary, { deep: canary }], number: 42 } },
  },
};

/** Every way to set a secret that is accepted. */
const accepted: readonly (readonly [
  string,
  (service: Service, path: string) => Promise<Answer>,
])[] = [
  ["a partial update", (s, path) => s.patch(path, { source_adapter: withSecrets })],
  ["a PUT", (s, path) => s.send("PUT", path, { json: { source_adapter: withSecrets } })],
  ["a merge patch", (s, path) => s.merge(path, { source_adapter: withSecrets })],
  [
    "a JSON Patch of the adapter",
    (s, path) => s.jsonPatch(path, [{ op: "add", path: "/source_adapter", value: withSecrets }]),
  ],
  [
    "a JSON Patch of each secret",
    (s, path) =>
      s.jsonPatch(path, [
        { op: "add", path: "/source_adapter", value: mux },
        { op: "add", path: "/source_adapter/webhook_secret", value: canary },
        { op: "add", path: "/source_adapter/connection", value: withSecrets.connection },
        { op: "replace", path: "/source_adapter/connection/credentials/token", value: canary },
        { op: "add", path: "/source_adapter/connection/credentials/more", value: [canary] },
      ]),
  ],
  [
    "a JSON Patch of the whole document",
    (s, path) =>
      s.jsonPatch(path, [
        {
          op: "replace",
          path: "",
          value: {
            bucket_name: "videos",
            bucket_schema: { properties: {} },
            metadata: {},
            source_adapter: withSecrets,
          },
        },
      ]),
  ],
  [
    "a dry run",
    (s, path) => s.send("PATCH", `${path}?dry_run=true`, { json: { source_adapter: withSecrets } }),
  ],
];

describe("The search", () => {
  it("finds a canary that is no secret, in an answer and in the files", async () => {
    const service = await serveTest();
    const path = await makeBucket(service, { description: canary });
    const answer = await service.get(path);
    expect(() => expectAnswerClean(answer)).toThrow("the canary is in an answer");
    expect(() => expectFilesClean(service)).toThrow("the canary is in buckets.db");
  });
});

describe("A secret that is sent", () => {
  it.each(accepted)("in %s is masked wherever it is answered", async (name, send) => {
    const service = await serveTest();
    const path = await makeBucket(service);
    const answer = await send(service, path);
    expect(answer.status, answer.text).toBe(200);
    expectAnswerClean(answer);
    if (name === "a dry run") {
      expect(at(answer, "result", "source_adapter", "webhook_secret")).toBe("********");
    } else {
      expect(at(answer, "source_adapter", "webhook_secret")).toBe("********");
      expect(at(answer, "source_adapter", "connection", "credentials", "token")).toBe("********");
    }
    const reads = [
      path,
      `${path}?as_of=@2`,
      `${path}/history`,
      `${path}/history/2`,
      `${path}/replay`,
    ];
    for (const read of reads) expectAnswerClean(await service.get(read));
    expectAnswerClean(await service.post("/v1/buckets/list"));
    expectAnswerClean(await service.post("/v1/admin/verify"));
    // The WAL is still there: the store is open.
    expect([...filesBeside(service.file).keys()]).toContain("buckets.db-wal");
    expectFilesClean(service);
  });

  it("at creation is masked, and lies encrypted in a table of its own", async () => {
    const service = await serveTest();
    const body = {
      bucket_name: "videos",
      bucket_schema: { properties: {} },
      source_adapter: withSecrets,
    };
    const answer = await service.post("/v1/buckets", body);
    bucketOf(answer);
    expectAnswerClean(answer);
    expectFilesClean(service);

    const secrets = readSecrets(service.file);
    const vault = new Vault(() =>
      parseSecretKey(readFileSync(`${service.file}.key`, "utf8"), "The key"),
    );
    const opened = secrets.map((secret) => vault.open(secret));
    expect(opened).toContain(canary);
    expect(opened).toContainEqual([canary, { deep: canary }]);
    expect(opened).toContain(42);
    const [entry] = await eventsOf(service, `/v1/buckets/${textAt(answer, "bucket_id")}`);
    expect(JSON.stringify(entry)).not.toContain("sec_");
  });

  it("makes a key file that only its owner can read", async () => {
    const service = await serveTest();
    await makeBucket(service);
    expect([...filesBeside(service.file).keys()]).not.toContain("buckets.db.key");
    await makeBucket(service, { bucket_name: "with secrets", source_adapter: withSecrets });
    expect(statSync(`${service.file}.key`).mode & 0o777).toBe(0o600);
  });

  it("is gone from the table when another takes its place", async () => {
    const service = await serveTest();
    const path = await makeBucket(service, { source_adapter: { ...mux, webhook_secret: canary } });
    const before = readSecrets(service.file);
    await service.merge(path, { source_adapter: { webhook_secret: "another-secret-of-ours" } });
    const after = readSecrets(service.file);
    expect([before.length, after.length]).toEqual([1, 1]);
    expect(after[0]?.reference).not.toBe(before[0]?.reference);
    const [, entry] = await eventsOf(service, path);
    expect(Object(entry).changes).toEqual([
      {
        op: "replace",
        path: "/source_adapter/webhook_secret",
        value: "********",
        was: "********",
      },
    ]);
    await service.patch(path, { source_adapter: null });
    expect(readSecrets(service.file)).toEqual([]);
  });
});

/** What can hold a canary and is refused. */
const refused: readonly (readonly [
  string,
  number,
  (service: Service, path: string) => Promise<Answer>,
])[] = [
  [
    "beside a field that does not fit",
    422,
    (s, path) => s.patch(path, { source_adapter: withSecrets, metadata: 5 }),
  ],
  [
    "as an adapter type",
    422,
    (s, path) => s.patch(path, { source_adapter: { adapter_type: canary } }),
  ],
  [
    "as a secret that is too long",
    422,
    (s, path) => s.patch(path, { source_adapter: { ...mux, webhook_secret: canary.repeat(20) } }),
  ],
  [
    "as a secret that is no string, in a partial update",
    422,
    (s, path) => s.patch(path, { source_adapter: { ...mux, webhook_secret: { x: canary } } }),
  ],
  [
    "as a secret that is no string, in a merge patch",
    422,
    (s, path) => s.merge(path, { source_adapter: { ...mux, webhook_secret: [canary] } }),
  ],
  [
    "as credentials that are no object, in a merge patch",
    422,
    (s, path) =>
      s.merge(path, {
        source_adapter: {
          ...mux,
          connection: { api_base_url: "https://api.mux.com", credentials: canary },
        },
      }),
  ],
  [
    "in the user info of a URL",
    422,
    (s, path) =>
      s.patch(path, {
        source_adapter: { ...mux, connection: { api_base_url: `https://u:${canary}@mux.com` } },
      }),
  ],
  [
    "as the value of an unknown field, handled strictly",
    422,
    (s, path) => s.patch(path, { password: canary }, { headers: { Prefer: "handling=strict" } }),
  ],
  [
    "as the value of a JSON Patch test of a secret",
    422,
    (s, path) =>
      s.jsonPatch(path, [
        { op: "add", path: "/source_adapter", value: withSecrets },
        { op: "test", path: "/source_adapter/webhook_secret", value: canary },
      ]),
  ],
  [
    "as the value of a JSON Patch test of metadata",
    409,
    (s, path) => s.jsonPatch(path, [{ op: "test", path: "/metadata", value: canary }]),
  ],
  [
    "in a JSON Patch that moves it to a secret",
    422,
    (s, path) =>
      s.jsonPatch(path, [
        { op: "add", path: "/source_adapter", value: mux },
        { op: "add", path: "/metadata/x", value: canary },
        { op: "move", from: "/metadata/x", path: "/source_adapter/webhook_secret" },
      ]),
  ],
  [
    "in a JSON Patch that copies it out",
    422,
    (s, path) =>
      s.jsonPatch(path, [
        { op: "add", path: "/source_adapter", value: withSecrets },
        { op: "copy", from: "/source_adapter", path: "/metadata/x" },
      ]),
  ],
  [
    "in an operation without a path",
    400,
    (s, path) => s.jsonPatch(path, [{ op: "add", value: canary }]),
  ],
  ["as an op", 400, (s, path) => s.jsonPatch(path, [{ op: canary, path: "/metadata" }])],
  [
    "under another bucket's id",
    404,
    (s) => s.patch("/v1/buckets/absent", { source_adapter: withSecrets }),
  ],
  [
    "with a stale tag",
    412,
    (s, path) =>
      s.patch(path, { source_adapter: withSecrets }, { headers: { "If-Match": '"9.0"' } }),
  ],
  [
    "in JSON that breaks off",
    400,
    (s, path) =>
      s.send("PATCH", path, { text: `{"source_adapter": {"webhook_secret": "${canary}` }),
  ],
  [
    "in JSON that repeats a key",
    400,
    (s, path) => s.send("PATCH", path, { text: `{"${canary}": 1, "${canary}": 2}` }),
  ],
  [
    "in a body that is no UTF-8",
    400,
    (s, path) =>
      s.send("PATCH", path, { text: Buffer.concat([Buffer.from(canary), Buffer.of(0xff)]) }),
  ],
  [
    "in another media type",
    415,
    (s, path) => s.send("PATCH", path, { text: canary, type: "text/plain" }),
  ],
  [
    "in a token that is unknown",
    401,
    (s, path) => s.get(path, { token: "none", headers: { Authorization: `Bearer ${canary}` } }),
  ],
  [
    "in another authentication scheme",
    401,
    (s, path) => s.get(path, { token: "none", headers: { Authorization: `Basic ${canary}` } }),
  ],
  [
    "in a reason that cannot be read",
    400,
    (s, path) => s.patch(path, {}, { headers: { "X-Reason": `%${canary}` } }),
  ],
];

describe("A canary in a refused request", () => {
  it.each(refused)("%s is not echoed, logged or kept (%i)", async (_, status, send) => {
    const service = await serveTest();
    const path = await makeBucket(service);
    const answer = await leavesNoTrace(service, path, () => send(service, path));
    expect(answer.status, answer.text).toBe(status);
    expectAnswerClean(answer);
    const asProblem = await send({ ...service, ...accepting(service) }, path);
    expect(asProblem.headers.get("Content-Type")).toContain("problem+json");
    expectAnswerClean(asProblem);
    expectFilesClean(service);
  });

  it("that is no HTTP is neither echoed nor logged", async () => {
    const service = await serveTest();
    const answer = await sendRaw(service.url, `GET ${canary} HTTP/9\r\n${canary}\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expectAbsent(canary, "the answer", answer);
    expectFilesClean(service);
  });

  it("to a locked bucket is not echoed, logged or kept", async () => {
    const service = await serveTest();
    const path = await makeBucket(service);
    await service.post(`${path}/lock`);
    const answer = await leavesNoTrace(service, path, () =>
      service.patch(path, { source_adapter: withSecrets }),
    );
    expectRefusal(answer, 423, "BucketLockedError");
    expectAnswerClean(answer);
    expectFilesClean(service);
  });
});

/** The same client, asking for RFC 9457. */
function accepting(
  service: Service,
): Pick<Service, "send" | "get" | "patch" | "merge" | "jsonPatch"> {
  const send: Service["send"] = (method, path, sending = {}) =>
    service.send(method, path, {
      ...sending,
      headers: { ...sending.headers, Accept: "application/problem+json" },
    });
  return {
    send,
    get: (path, sending) => send("GET", path, sending),
    patch: (path, json, sending) => send("PATCH", path, { json, ...sending }),
    merge: (path, json, sending) =>
      send("PATCH", path, { json, type: "application/merge-patch+json", ...sending }),
    jsonPatch: (path, json, sending) =>
      send("PATCH", path, { json, type: "application/json-patch+json", ...sending }),
  };
}

describe("A token", () => {
  it("is kept as a digest only", async () => {
    const service = await serveTest();
    const { token: secret } = await service.store.tokens.create({
      name: "maker",
      permission: "write",
    });
    const headers = { Authorization: `Bearer ${secret}`, Cookie: `session=${secret}` };
    const path = await makeBucket(service, {}, { token: "none", headers });
    const answers = [
      await service.patch(path, { description: "x" }, { token: "none", headers }),
      await service.post(`${path}/lock`, {}, { token: "none", headers }),
      await service.get(`${path}/history`),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 403, 200]);
    for (const answer of answers) expectAnswerClean(answer, secret);
    expectFilesClean(service, secret);
    expect(service.lines.length).toBeGreaterThan(0);
  });
});

describe("A secret that the service makes", () => {
  it("is shown in one answer and nowhere else", async () => {
    const service = await serveTest();
    const first = await service.post("/v1/buckets", {
      bucket_name: "videos",
      bucket_schema: { properties: {} },
      source_adapter: mux,
    });
    const secret = textAt(first, "source_adapter", "webhook_secret");
    expect(secret).toMatch(/^whsec_/);
    expect(header(first, "Cache-Control")).toBe("no-store");
    const path = header(first, "Location");
    for (const read of [path, `${path}?as_of=1`, `${path}/history`, `${path}/replay`]) {
      expectAnswerClean(await service.get(read), secret);
    }
    expectAnswerClean(await service.patch(path, { description: "x" }), secret);
    expectFilesClean(service, secret);
  });

  it("is not shown by a dry run, which keeps none", async () => {
    const service = await serveTest();
    const path = await makeBucket(service);
    const dry = await service.patch(`${path}?dry_run=true`, { source_adapter: mux });
    expect(at(dry, "result", "source_adapter", "webhook_secret")).toBe("********");
    expect(dry.text).not.toContain("whsec_");
    expect(readSecrets(service.file)).toEqual([]);
  });
});

describe("Read, change, write back", () => {
  it("refuses a mask where nothing is stored", async () => {
    const service = await serveTest();
    const path = await makeBucket(service);
    const connection = {
      api_base_url: "https://api.mux.com",
      credentials: { token: "********" },
    };
    const answer = await leavesNoTrace(service, path, () =>
      service.patch(path, { source_adapter: { ...mux, connection } }),
    );
    expectRefusal(answer, 422, "ValidationError");
  });

  it("keeps every secret that comes back as a mask", async () => {
    const service = await serveTest();
    const path = await makeBucket(service, { source_adapter: withSecrets });
    const before = readSecrets(service.file);
    const read = bucketOf(await service.get(path));
    const changed = { ...read, description: "changed" };
    const answers = [
      await service.patch(path, changed),
      await service.send("PUT", path, { json: changed }),
      await service.merge(path, { source_adapter: read.source_adapter }),
      await service.jsonPatch(path, [
        { op: "replace", path: "/source_adapter/webhook_secret", value: "********" },
      ]),
      // An adapter that is replaced without a webhook secret keeps the stored one.
      await service.patch(path, {
        source_adapter: {
          ...withSecrets,
          webhook_secret: null,
          connection: read["source_adapter"]?.["connection"],
        },
      }),
    ];
    expect(answers.map(({ status, text }) => [status, status === 200 ? "" : text])).toEqual(
      answers.map(() => [200, ""]),
    );
    expect(readSecrets(service.file)).toEqual(before);
    const paths = (await eventsOf(service, path))
      .slice(1)
      .flatMap((entry) => z.array(z.object({ path: z.string() })).parse(Object(entry).changes));
    expect(paths).toEqual([{ path: "/description" }]);
  });

  it("survives a restart with the key of the first start", async () => {
    const first = await serve();
    const path = await makeBucket(first, { source_adapter: withSecrets });
    const before = readSecrets(first.file);
    await first.stop();
    await first.store.close();
    const second = await serveTest({ file: first.file });
    await second.merge(path, { source_adapter: { connection: { credentials: { more: canary } } } });
    const vault = new Vault(() =>
      parseSecretKey(readFileSync(`${second.file}.key`, "utf8"), "The key"),
    );
    const after = readSecrets(second.file);
    expect(after).toHaveLength(before.length + 1);
    expect(
      after.map((secret) => vault.open(secret)).filter((value) => value === canary),
    ).toHaveLength(3);
    await first.close();
  });
});

const SecretRow = z.object({
  reference: z.string(),
  nonce: z.instanceof(Uint8Array),
  ciphertext: z.instanceof(Uint8Array),
});

function readSecrets(file: string): z.infer<typeof SecretRow>[] {
  const db = new Database(file, { readonly: true });
  try {
    const rows = db.prepare("SELECT reference, nonce, ciphertext FROM secrets ORDER BY 1").all();
    return z.array(SecretRow).parse(rows);
  } finally {
    db.close();
  }
}
