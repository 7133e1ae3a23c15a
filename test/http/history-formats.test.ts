/** History for other programs: one event a line, and CSV for spreadsheets. */
import { expect, it } from "vitest";
import {
  type Answer,
  header,
  listAt,
  makeBucket,
  ndjsonOf,
  type Service,
  type ServiceOptions,
  serveTest,
} from "../support/server.js";

const ndjson = { headers: { Accept: "application/x-ndjson" } };
const csv = { headers: { Accept: "text/csv" } };

async function makeHistory(options: ServiceOptions = {}) {
  const service = await serveTest(options);
  const path = await makeBucket(service, { bucket_name: "product videos" });
  const reason = encodeURIComponent('=HYPERLINK("http://x")');
  await service.patch(path, { description: "a,b" }, { headers: { "X-Reason": reason } });
  await service.post(`${path}/lock`);
  return { service, path };
}

/** The path and query of the next page. */
function nextOf(service: Service, answer: Answer): string | undefined {
  const link = answer.headers.get("Link");
  const next = link === null ? undefined : (/^<([^>]*)>; rel="next"$/.exec(link)?.[1] ?? "");
  return next?.replace(service.url, "");
}

it.each([
  ["application/x-ndjson", "limit=0", 400],
  ["text/csv", "surprise=1", 400],
  ["text/csv", "from=99", 404],
])("as %s refuses ?%s in the contract's envelope", async (Accept, query, status) => {
  const { service, path } = await makeHistory();
  const answer = await service.get(`${path}/history?${query}`, { headers: { Accept } });
  expect(answer.body).toMatchObject({ success: false, status });
  expect(header(answer, "Content-Type")).toMatch(/^application\/json/);
});

it("is JSON unless something else is asked for", async () => {
  const { service, path } = await makeHistory();
  for (const Accept of ["*/*", "application/json", "text/csv;q=0.5, application/json"]) {
    const answer = await service.get(`${path}/history`, { headers: { Accept } });
    expect(listAt(answer, "results")).toHaveLength(3);
  }
});

it("48: as NDJSON is one entry a line, the same ones as in JSON", async () => {
  const { service, path } = await makeHistory();
  for (const query of ["", "?order=asc", "?type=bucket.patched", "?path=/description"]) {
    const lines = await service.get(`${path}/history${query}`, ndjson);
    expect(header(lines, "Content-Type")).toMatch(/^application\/x-ndjson/);
    expect(ndjsonOf(lines)).toEqual(
      listAt(await service.get(`${path}/history${query}`), "results"),
    );
  }
});

it("48, 102: as CSV is one row a change, and nothing in it is a formula", async () => {
  const { service, path } = await makeHistory();
  const answer = await service.get(`${path}/history?order=asc`, csv);
  expect(header(answer, "Content-Type")).toBe("text/csv; charset=utf-8; header=present");
  const rows = answer.text.split("\r\n");
  expect(rows[0]).toMatch(/^version,position,recorded_at,type,actor,reason,op,path,value,was,/);
  expect(rows.at(-1)).toBe("");
  const patched = rows.filter((row) => row.includes("bucket.patched"));
  expect(patched).toHaveLength(1);
  expect(patched[0]).toContain(`"'=HYPERLINK(""http://x"")",add,/description,"""a,b""",,`);
  expect(rows.filter((row) => row.includes("bucket.locked"))).toHaveLength(1);
  const none = await service.get(`${path}/history?actor=nobody`, csv);
  expect(none.text).toBe(`${rows[0]}\r\n`);
});

it.each([
  ["JSON", {}, ""],
  ["NDJSON", ndjson, ""],
  ["CSV", csv, "/api/buckets"],
])("60: as %s is paged by its link, which keeps the filters", async (_, sending, basePath) => {
  const { service } = await makeHistory({ basePath });
  let next: string | undefined =
    "/v1/buckets/product%20videos/history?order=asc&limit=1&path=/description";
  const found: string[] = [];
  for (let pages = 0; next !== undefined && pages < 5; pages += 1) {
    const page = await service.get(next, sending);
    expect(page.status, page.text).toBe(200);
    found.push(...(page.text.match(/bucket\.\w+/g) ?? []));
    next = nextOf(service, page);
  }
  expect(found).toEqual(["bucket.patched"]);
  const first = "/v1/buckets/product%20videos/history?limit=1";
  const link = nextOf(service, await service.get(first, sending));
  expect(link).toContain(`${first}&cursor=`);
});

it("names the origin that the operator says", async () => {
  const { service, path } = await makeHistory({ publicUrl: "https://buckets.example.com" });
  const answer = await service.get(`${path}/history?limit=1`, csv);
  expect(header(answer, "Link")).toContain(`<https://buckets.example.com${path}/history?limit=1&`);
});

it("goes on after deletion", async () => {
  const service = await serveTest();
  const path = await makeBucket(service);
  await service.send("DELETE", path);
  expect(ndjsonOf(await service.get(`${path}/history`, ndjson))).toHaveLength(2);
});
