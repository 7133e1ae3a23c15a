/**
 * Requests that cost the most they can, as data: what has to be there before, and the one request that
 * is measured. Each needs no more than a token that reads or writes. `of` makes a size smaller for
 * quick runs.
 */

export interface Ask {
  readonly method: "GET" | "POST" | "PATCH";
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

type Size = (full: number) => number;

export interface Hostile {
  readonly name: string;
  readonly before: (of: Size) => Iterable<Ask>;
  /** @param bucketId of the bucket that was made before. */
  readonly ask: (of: Size, bucketId: string) => Ask;
}

const megabyte = 1_000_000;
const bucketPath = "/v1/buckets/big";
const objectsPath = `${bucketPath}/objects`;
const webhookSecret = "the-secret-of-the-adapter";
const mergePatch = { "content-type": "application/merge-patch+json" };

function create(more: object = {}, name = "big"): Ask {
  const body = { bucket_name: name, bucket_schema: { properties: {} }, ...more };
  return { method: "POST", path: "/v1/buckets", body };
}

function patch(body: object, headers: Record<string, string> = mergePatch): Ask {
  return { method: "PATCH", path: bucketPath, body, headers };
}

function list(body: object): Ask {
  return { method: "POST", path: "/v1/buckets/list", body };
}

/** A text of many words of three letters and none that is looked for. */
const words = (length: number) => "aab ".repeat(length / 4);

/** One bucket that is as large as may be. */
const bigBucket = (of: Size) => [create({ description: words(of(0.9 * megabyte)) })];

function* bigVersions(of: Size): Iterable<Ask> {
  yield create();
  for (let version = 0; version < of(120); version += 1) {
    yield patch({ description: `${version} ${words(0.95 * megabyte)}` });
  }
}

function* bigBuckets(of: Size): Iterable<Ask> {
  for (let index = 0; index < of(400); index += 1) {
    yield create({ description: words(0.95 * megabyte) }, `big-${index}`);
  }
}

function* manyBuckets(of: Size): Iterable<Ask> {
  const perTransaction = 100;
  for (let start = 0; start < of(100_000); start += perTransaction) {
    const operations = Array.from({ length: perTransaction }, (_, at) => {
      const body = {
        bucket_name: `bucket-${start + at}`,
        description: `Videos of product number ${start + at}.`,
        metadata: { rank: (start + at) % 1_000 },
        bucket_schema: { properties: {} },
      };
      return { method: "POST", path: "/v1/buckets", body };
    });
    yield { method: "POST", path: "/v1/transactions", body: { operations } };
  }
}

/** Metadata of very many leaves, as deep as its keys per object ask for. */
function leaves(count: number, value: number): object {
  const perObject = 500;
  const groups = Array.from({ length: Math.ceil(count / perObject) }, (_, group) => {
    const entries = Array.from({ length: perObject }, (_, key) => [`k${key}`, value]);
    return [`group${group}`, Object.fromEntries(entries)];
  });
  return Object.fromEntries(groups);
}

const twoVersionsOfLeaves = (of: Size) => [
  create({ metadata: leaves(of(5_000), 1) }),
  patch({ metadata: leaves(of(5_000), 2) }),
];

/** An array of objects, in each of which so many fields are looked for. */
function schemaOfItems(count: number, hasDefaults = true): Ask {
  const field = { type: "integer", ...(hasDefaults && { default: 1 }) };
  const fields = strings(count).map((name) => [name, field]);
  const items = { type: "object", properties: Object.fromEntries(fields) };
  return create({ bucket_schema: { properties: { tags: { type: "array", items } } } });
}

function objectOfItems(count: number): Ask {
  const tags = Array.from({ length: count }, () => ({}));
  return { method: "POST", path: objectsPath, body: { tags } };
}

const ones = (count: number) => Array.from({ length: count }, () => 1);

const strings = (count: number) => Array.from({ length: count }, (_, index) => `v${index}`);

export const blocking: readonly Hostile[] = [
  {
    name: "regex filter a.{0,900}.{0,900}c on 1 MB",
    before: bigBucket,
    ask: () =>
      list({ filters: { field: "description", operator: "regex", value: "a.{0,900}.{0,900}c" } }),
  },
  {
    name: "38,000 unknown fields, strict",
    before: () => [create()],
    ask: (of) => {
      const fields = strings(of(38_000)).map((name) => [`unknown_${name}`, 1]);
      const headers = { ...mergePatch, prefer: "handling=strict" };
      return patch(Object.fromEntries(fields), headers);
    },
  },
  {
    name: "object of 1.2 million keys",
    before: () => [create()],
    ask: (of) => {
      const metadata = Object.fromEntries(strings(of(1_200_000)).map((name) => [name, 1]));
      return { method: "POST", path: objectsPath, body: { metadata } };
    },
  },
  {
    name: "JSON blob of 4 million items",
    before: () => [create()],
    ask: (of) => {
      const data = Array.from({ length: of(4_000_000) }, () => 1);
      const blobs = [{ property: "rows", type: "json", data }];
      return { method: "POST", path: objectsPath, body: { blobs } };
    },
  },
  {
    name: "bytes of 11 MB as base64",
    before: () => [create()],
    ask: (of) => {
      const base64 = Buffer.alloc(of(11_000_000), "bytes").toString("base64");
      const blobs = [{ property: "video", type: "video", data: { base64 } }];
      return { method: "POST", path: objectsPath, body: { blobs } };
    },
  },
  {
    name: "enum of 60,000 against an array of 150,000",
    before: (of) => {
      const items = { type: "integer", enum: Array.from({ length: of(60_000) }, (_, at) => at) };
      return [create({ bucket_schema: { properties: { tags: { type: "array", items } } } })];
    },
    ask: (of) => {
      const last = of(60_000) - 1;
      const tags = Array.from({ length: of(150_000) }, () => last);
      return { method: "POST", path: objectsPath, body: { tags } };
    },
  },
  {
    name: "a schema of 100 fields against 340,000 objects",
    before: () => [schemaOfItems(100)],
    ask: (of) => objectOfItems(of(340_000)),
  },
  {
    name: "a schema of 100 fields against 99,000 objects",
    before: () => [schemaOfItems(100)],
    ask: (of) => objectOfItems(of(99_000)),
  },
  {
    name: "a schema of 100 fields against 490 objects",
    before: () => [schemaOfItems(100)],
    ask: (of) => objectOfItems(of(490)),
  },
  {
    name: "a schema of one field against 49,000 objects",
    before: () => [schemaOfItems(1, false)],
    ask: (of) => objectOfItems(of(49_000)),
  },
  {
    name: "metadata with an array of 500,000 items",
    before: () => [],
    ask: (of) => create({ metadata: { list: ones(of(500_000)) } }),
  },
  {
    name: "metadata with an array of 99,000 items",
    before: () => [],
    ask: (of) => create({ metadata: { list: ones(of(99_000)) } }),
  },
  {
    name: "webhook with an array of 99,000 items",
    before: () => [
      create({
        unique_key: { fields: ["key"], default_policy: "upsert" },
        bucket_schema: { properties: { key: { type: "string" }, list: { type: "array" } } },
        source_adapter: {
          adapter_type: "generic_webhook",
          webhook_secret: webhookSecret,
          field_mapping: { key: "data.key", list: "data.list" },
          dedup_key: "id",
        },
      }),
    ],
    ask: (of, bucketId) => ({
      method: "POST",
      path: `/v1/ingest/${bucketId}`,
      headers: { "x-mixpeek-secret": webhookSecret },
      body: { id: "1", type: "made", data: { key: "1", list: ones(of(99_000)) } },
    }),
  },
  {
    name: "1,000 fields of 1,000 put back",
    before: (of) => [
      create({ metadata: Object.fromEntries(strings(of(1_000)).map((name) => [name, 1])) }),
      patch({ metadata: Object.fromEntries(strings(of(1_000)).map((name) => [name, 2])) }),
    ],
    ask: (of) => {
      const fields = strings(of(1_000)).map((name) => `/metadata/${name}`);
      return { method: "POST", path: `${bucketPath}/revert`, body: { to: 1, fields } };
    },
  },
  {
    name: "search over a list of 400 MB",
    before: bigBuckets,
    ask: () => list({ search: "nowhere" }),
  },
  {
    name: "regex over a list of 400 MB",
    before: bigBuckets,
    ask: () => list({ filters: { field: "description", operator: "regex", value: "a[bc]+z" } }),
  },
  {
    name: "100 patches of a 0.9 MB bucket in one transaction",
    before: bigBucket,
    ask: (of) => {
      const operations = Array.from({ length: of(100) }, (_, season) => ({
        method: "PATCH",
        path: bucketPath,
        body: { metadata: { season } },
      }));
      return { method: "POST", path: "/v1/transactions", body: { operations } };
    },
  },
  {
    name: "50 text conditions on 1 MB",
    before: bigBucket,
    ask: () => {
      const conditions = Array.from({ length: 50 }, (_, index) => ({
        field: "description",
        operator: "text",
        value: `nowhere${index}`,
      }));
      return list({ filters: { OR: conditions } });
    },
  },
  {
    name: "JSON Patch, 1,000 inserts at an array's head",
    before: (of) => [create({ metadata: { list: ones(of(99_000)) } })],
    ask: (of) => ({
      method: "PATCH",
      path: bucketPath,
      headers: { "content-type": "application/json-patch+json" },
      body: Array.from({ length: of(1_000) }, () => ({
        op: "add",
        path: "/metadata/list/0",
        value: 2,
      })),
    }),
  },
  {
    name: "aggregate over 400,000 unwound values",
    before: (of) => {
      const tags = { type: "array", items: { type: "string" } };
      const objects = Array.from({ length: 5 }, () => ({ tags: strings(of(80_000)) }));
      return [
        create({ bucket_schema: { properties: { tags } } }),
        ...objects.map((body): Ask => ({ method: "POST", path: objectsPath, body })),
      ];
    },
    ask: () => ({
      method: "POST",
      path: `${objectsPath}/aggregate`,
      body: {
        unwind: "tags",
        aggregations: [{ function: "count_distinct", field: "tags", alias: "n" }],
      },
    }),
  },
  {
    name: "history?limit=100 of versions of 1 MB",
    before: bigVersions,
    ask: () => ({ method: "GET", path: `${bucketPath}/history?limit=100` }),
  },
  {
    name: "412 report of 5,000 leaves",
    before: twoVersionsOfLeaves,
    ask: (of) => patch({ metadata: leaves(of(5_000), 3) }, { ...mergePatch, "if-match": '"1"' }),
  },
  {
    name: "undo of 5,000 leaves",
    before: twoVersionsOfLeaves,
    ask: () => ({ method: "POST", path: `${bucketPath}/revert`, body: { undo: 2 } }),
  },
  {
    name: "blame of 5,000 leaves",
    before: twoVersionsOfLeaves,
    ask: () => ({ method: "GET", path: `${bucketPath}/blame` }),
  },
  {
    name: "diff of 5,000 leaves",
    before: twoVersionsOfLeaves,
    ask: () => ({ method: "GET", path: `${bucketPath}/diff?from=1&to=2` }),
  },
  {
    name: "list with filter and sort over 100,000",
    before: manyBuckets,
    ask: () =>
      list({
        filters: { field: "metadata.rank", operator: "gte", value: 0 },
        sort: { field: "metadata.rank", direction: "desc" },
      }),
  },
];

/** Reads whose answers hold as much as they can. */
export const worstReads: readonly Hostile[] = [
  {
    name: "history?limit=120 of versions of 1 MB",
    before: bigVersions,
    ask: () => ({ method: "GET", path: `${bucketPath}/history?limit=120` }),
  },
  {
    name: "the same as CSV",
    before: bigVersions,
    ask: () => ({
      method: "GET",
      path: `${bucketPath}/history?limit=120`,
      headers: { accept: "text/csv" },
    }),
  },
  {
    name: "the same as NDJSON",
    before: bigVersions,
    ask: () => ({
      method: "GET",
      path: `${bucketPath}/history?limit=120`,
      headers: { accept: "application/x-ndjson" },
    }),
  },
  {
    name: "events of versions of 1 MB",
    before: bigVersions,
    ask: () => ({ method: "GET", path: "/v1/events?after=0&limit=1000" }),
  },
  {
    name: "replay of versions of 1 MB",
    before: bigVersions,
    ask: () => ({ method: "GET", path: `${bucketPath}/replay` }),
  },
  { name: "list of buckets of 1 MB", before: bigBuckets, ask: () => list({ limit: 1_000 }) },
  {
    name: "list of buckets of 1 MB, as of now",
    before: bigBuckets,
    ask: (of) => ({
      method: "POST",
      path: `/v1/buckets/list?as_of=@${of(400)}`,
      body: { limit: 1_000 },
    }),
  },
];
