/**
 * Goal: a secret that works is nowhere to be seen. Method: put a canary into every secret field, let
 * deliveries be verified with it, and look for it in every file, line, answer and export.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { openBuckets } from "../../src/index.js";
import { temporaryFile } from "../support/backends.js";
import { serveTest, textAt } from "../support/server.js";

const canaries = ["created", "patched", "merged", "pointed", "rotated", "inline", "connected"].map(
  (where) => `canary-8c41-${where}`,
);
const [created = "", patched = "", merged = "", pointed = "", rotated = "", inline = ""] = canaries;
const connected = canaries.at(-1) ?? "";
const adapter = { adapter_type: "generic_webhook", field_mapping: { title: "title" } };
const bucket = {
  bucket_name: "clips",
  bucket_schema: { properties: { title: { type: "string" }, note: { type: "text" } } },
  source_adapter: {
    ...adapter,
    webhook_secret: created,
    connection: { api_base_url: "https://api.mux.com", credentials: { token: inline } },
  },
};
const account = { name: "mux", credentials: { token: connected, nested: [connected] } };

function expectClean(where: string, text: string): void {
  for (const canary of canaries) {
    for (const spelling of [
      canary,
      Buffer.from(canary).toString("hex"),
      Buffer.from(canary).toString("base64"),
    ]) {
      expect(text.includes(spelling), `${canary} is in ${where}`).toBe(false);
    }
  }
}

/** Every file beside the store, those in folders too. */
function expectFilesClean(file: string): void {
  const names = readdirSync(dirname(file), { recursive: true }).map((name) => String(name));
  const files = names
    .map((name) => join(dirname(file), name))
    .filter((name) => statSync(name).isFile());
  expect(files.length).toBeGreaterThan(2);
  for (const name of files) expectClean(name, readFileSync(name, "latin1"));
}

test.each(["full", "relaxed"] as const)(
  "with durability %s it is in no file, while it verifies deliveries",
  async (durability) => {
    const file = temporaryFile();
    const store = await openBuckets<unknown>({ file, durability });
    const namespace = store.namespace();
    const made = await namespace.buckets.create(bucket);
    const id = made.bucket.bucket_id;
    await namespace.connections.create(account);
    let count = 0;
    const statusWith = async (secret: string) => {
      count += 1;
      const body = Buffer.from(JSON.stringify({ title: `title ${count}` }));
      return (await store.ingest(id, { headers: { "x-mixpeek-secret": [secret] }, body })).status;
    };
    const note = { property: "note", type: "text", data: "n".repeat(20_000) };
    await namespace.objects(id).create({ title: "with bytes", blobs: [note] });
    expect(await statusWith(created)).toBe("accepted");
    const patch = { source_adapter: { ...bucket.source_adapter, webhook_secret: patched } };
    await namespace.buckets.patch(id, patch);
    expect(await statusWith(patched)).toBe("accepted");
    await namespace.buckets.rotateSecret(id, { webhook_secret: rotated });
    expect(await statusWith(rotated)).toBe("accepted");
    expect(await statusWith(patched)).toBe("accepted");
    await namespace.buckets.revert(id, { to: 1 });
    expect(await statusWith(rotated)).toBe("accepted");
    await expect(statusWith(created)).rejects.toMatchObject({ code: "UNAUTHORIZED" });
    expectFilesClean(file);
    await store.rebuild();
    await store.close();
    expectFilesClean(file);
  },
);

describe("a canary in every secret field", () => {
  test("is in no answer, history, feed, audit, export, metric or log", async () => {
    const service = await serveTest();
    const answers = [await service.post("/v1/buckets", bucket)];
    const path = `/v1/buckets/${textAt(answers[0] ?? (await service.get("/healthz")), "bucket_id")}`;
    const point = "/source_adapter/webhook_secret";
    answers.push(
      await service.patch(path, { source_adapter: { ...adapter, webhook_secret: patched } }),
      await service.merge(path, { source_adapter: { webhook_secret: merged } }),
      await service.jsonPatch(path, [{ op: "replace", path: point, value: pointed }]),
      await service.post(`${path}/source_adapter/rotate`, { webhook_secret: rotated }),
      await service.post("/v1/organizations/connections", account),
      await service.send("POST", path.replace("/buckets/", "/ingest/"), {
        text: '{"title": "a"}',
        headers: { "X-Mixpeek-Secret": rotated },
        token: "none",
      }),
      await service.post(`${path}/revert`, { to: 1 }),
      await service.post(`${path}/revert`, { to: 2, fields: ["/source_adapter"] }),
    );
    expect(answers.map(({ status }) => status)).toEqual([
      200, 200, 200, 200, 200, 200, 202, 200, 200,
    ]);
    const reads: readonly (readonly [string, string])[] = [
      [path, "application/json"],
      [`${path}?as_of=1`, "application/json"],
      [`${path}?as_of=4`, "application/json"],
      [`${path}/history`, "application/json"],
      [`${path}/history`, "application/x-ndjson"],
      [`${path}/history`, "text/csv"],
      [`${path}/diff?from=1&to=5&format=fields`, "application/json"],
      [`${path}/diff?from=1&to=5&format=merge-patch`, "application/merge-patch+json"],
      [`${path}/blame`, "application/json"],
      [`${path}/replay`, "application/x-ndjson"],
      [`${path}/source_adapter/deliveries`, "application/json"],
      ["/v1/organizations/connections", "application/json"],
      ["/v1/organizations/audit/logs", "application/json"],
      ["/v1/events", "application/json"],
      ["/v1/events", "application/cloudevents-batch+json"],
      ["/metrics", "text/plain"],
    ];
    for (const [url, Accept] of reads)
      answers.push(await service.get(url, { headers: { Accept } }));
    for (const answer of answers) {
      expect(answer.status, answer.text).toBeLessThan(300);
      expectClean("an answer", `${JSON.stringify([...answer.headers])}\n${answer.text}`);
      expect(answer.text).not.toMatch(/"sec_/);
    }
    expectClean("the log", service.lines.join("\n"));
    expectFilesClean(service.file);
  });
});
