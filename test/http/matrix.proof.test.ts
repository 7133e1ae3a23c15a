/**
 * Every route times every kind of token, and every status that the OpenAPI document promises. The
 * operations are read from the document that the server itself gives out, so a new route is held to
 * this by being there. A status that is seen must be documented, and one that is documented must be
 * seen, but for those of a failing disk: 500, 503 and 507 are in operations.test.ts (row 66).
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { writtenMediaType } from "../../src/api/index.js";
import { exampleParameters } from "../../src/http/example-parameters.js";
import { deepTest, isDeep } from "../support/depth.js";
import {
  type Answer,
  expectRefusal,
  makeBucket,
  type Sending,
  type Service,
  type ServiceOptions,
  sendRaw,
  serve,
  TestClock,
  textAt,
} from "../support/server.js";

const Operation = z.object({
  operationId: z.string(),
  "x-permission": z.string().optional(),
  "x-store-wide": z.boolean().optional(),
  parameters: z.array(
    z.object({
      name: z.string(),
      in: z.string(),
      required: z.boolean(),
      example: z.string().optional(),
    }),
  ),
  requestBody: z
    .object({ content: z.record(z.string(), z.object({ example: z.json().optional() })) })
    .optional(),
  responses: z.record(z.string(), z.unknown()),
});
const Document = z.object({ paths: z.record(z.string(), z.record(z.string(), Operation)) });

interface Route extends z.infer<typeof Operation> {
  readonly method: string;
  readonly path: string;
}

/** What names something that must be new. */
const newNames: Readonly<Record<string, (name: string) => object>> = {
  createBucket: (name) => ({ bucket_name: name }),
  createConnection: (name) => ({ name }),
  createNamespace: (name) => ({ namespace_name: name.replaceAll(" ", "-") }),
  createToken: (name) => ({ name: name.replaceAll(" ", "-") }),
};

/** The example of the document, with what there is in the place of the ids that it names. */
function exampleOf(
  { operationId, requestBody }: Route,
  params: Readonly<Record<string, string>>,
  mediaType = Object.keys(requestBody?.content ?? {})[0] ?? "",
): object | undefined {
  const example = requestBody?.content[mediaType]?.example;
  if (example === undefined || mediaType === "*/*") return undefined;
  let text = JSON.stringify(example);
  for (const [name, id] of Object.entries(exampleParameters)) {
    // Versions and the like are the same everywhere.
    if (/[_-]/.test(id) && params[name] !== undefined) text = text.replaceAll(id, params[name]);
  }
  const body = z.union([z.array(z.json()), z.record(z.string(), z.json())]).parse(JSON.parse(text));
  const newName = newNames[operationId]?.(`wanted ${names}`);
  return newName === undefined ? body : { ...body, ...newName };
}

/** What a query must say. */
function exampleQuery({ parameters }: Route): { readonly query: string } | undefined {
  const needed = parameters.filter(({ in: place, required }) => place === "query" && required);
  if (needed.length === 0) return undefined;
  const query = needed.map(({ name, example = "" }) => `${name}=${example}`).join("&");
  return { query: `?${query}` };
}

const failingDisk = [500, 503, 507];
/** A log in memory is never rolled back: seen on files, in the tests of proofs. */
const seenElsewhere: Readonly<Record<string, readonly number[]>> = {
  // Of a page that cannot be: seen in the tests of the audit log.
  listAuditLogs: [422],
  signCheckpoint: [409],
  // Of a store that is a copy.
  claimBatch: [409],
  rescueFile: [200],
  // Taken of files alone, into a folder that the operator has opened.
  takeBackup: [200, 409, 501],
  // What is asked is in the body, and what is refused is an operation.
  revertNamespace: [404, 409, 412, 423],
};
const clock = new TestClock();
const seen = new Map<string, Set<number>>();
let routes: readonly Route[] = [];
/** Those of the hosted API that are refused, whatever is sent. */
let unserved: readonly Route[] = [];
let service: Service;
let names = 0;

beforeAll(async () => {
  service = await serveAll();
  const { paths } = Document.parse((await service.get("/openapi.json")).body);
  const described = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({
      ...operation,
      path,
      method: method.toUpperCase(),
    })),
  );
  routes = described.filter(succeeds);
  unserved = described.filter((route) => !succeeds(route));
  await service.store.tokens.create({
    name: "elsewhere",
    permission: "admin",
    namespaces: ["elsewhere"],
  });
});

afterAll(() => service.close());

function serveAll(options: ServiceOptions = {}): Promise<Service> {
  return serve({ clock: clock.read, isReset: true, ...options });
}

/** What a route is about, freshly made so that the route succeeds on it. */
interface Subject {
  readonly bucket: string;
  readonly bucketId: string;
  readonly params: Readonly<Record<string, string>>;
  readonly json: object | undefined;
  /** What else the route needs, but for what a test sends otherwise. */
  readonly sending?: (Sending & { readonly query?: string }) | undefined;
  /** What nobody without access may learn. */
  readonly secrets: readonly string[];
}

const BlobIds = z.object({ blobs: z.array(z.object({ blob_id: z.string() })) });

/** A bucket whose objects have a unique key. */
const keyed = {
  bucket_schema: {
    properties: { title: { type: "string" }, note: { type: "text" }, video: { type: "video" } },
  },
  unique_key: { fields: ["title"], default_policy: "upsert" },
};

const known = new Map<string, Promise<Subject>>();

/** One subject for all that leaves it as it was: what is refused, and what only reads. */
function knownSubject(route: Route): Promise<Subject> {
  // Who needs no token cannot be refused one.
  if (!isProtected(route)) return makeSubject(route);
  const subject = known.get(route.operationId) ?? makeSubject(route);
  known.set(route.operationId, subject);
  return subject;
}

/** Told before anything is done. */
const leavesAll: readonly number[] = [400, 404, 406, 412, 413, 415];

/** Also on a server that requires If-Match. */
const anyVersion = { headers: { "If-Match": "*" } };

async function makeSubject(route: Route, on = service): Promise<Subject> {
  const { operationId } = route;
  names += 1;
  // No two moments are the same, so that each tells whose it is.
  clock.advance(1);
  const name = `hidden name ${names}`;
  const isOfAdapter = /ingest|deliver|adapter/i.test(operationId);
  const isOfObjects = /object|batch|upload|download|cancelTask/i.test(operationId) || isOfAdapter;
  const bucket = await makeBucket(on, {
    bucket_name: name,
    ...(isOfObjects && keyed),
    ...(isOfAdapter && { source_adapter: adapter }),
  });
  const bucketId = bucket.replace("/v1/buckets/", "");
  if (operationId === "unlockBucket") await on.post(`${bucket}/lock`, undefined, anyVersion);
  if (operationId === "activateBucket") await on.post(`${bucket}/archive`, undefined, anyVersion);
  const isDeleted = operationId === "getTask" || operationId === "restoreBucket";
  const taskId = isDeleted ? textAt(await on.send("DELETE", bucket, anyVersion), "task_id") : "";
  const { results } = await on.store.namespace().audit.list({ resourceId: bucketId, limit: 1 });
  const token = `hidden-token-${names}`;
  const hasToken = /^(rotate|revoke)Token$/.test(operationId);
  if (hasToken) await on.store.tokens.create({ name: token, permission: "read" });
  const title = `hidden title ${names}`;
  const blobs = [{ property: "note", type: "text", data: `hidden note ${names}` }];
  const made = isOfObjects ? await on.post(`${bucket}/objects`, { title, blobs }) : undefined;
  const blobId = made === undefined ? "" : BlobIds.parse(made.body).blobs[0]?.blob_id;
  const objectId = made === undefined ? "" : textAt(made, "object_id");
  const object = `${bucket}/objects/${objectId}`;
  if (operationId === "restoreObject") await on.send("DELETE", object, anyVersion);
  const batch = await makeBatch(operationId, { on, bucket, objectId });
  const upload = await makeUpload(operationId, { on, bucket, title });
  const connection = /connection|createSync/i.test(operationId)
    ? await on.post("/v1/organizations/connections", { name })
    : undefined;
  const sync = await makeSync(operationId, { on, bucket, name });
  const namespace = `hidden-namespace-${names}`;
  if (isOfNamespace({ operationId })) {
    await on.post("/v1/namespaces", { namespace_name: namespace });
  }
  const delivery = await makeDelivery(operationId, { on, bucket, title });
  if (/checkpoint|prove|tile/i.test(operationId)) await on.store.proofs.sign();
  const secrets = [bucketId, name, clock.text, ...(isOfObjects ? [objectId, title] : [])];
  clock.advance(1);
  const params = {
    bucket_identifier: bucketId,
    object_identifier: objectId,
    batch_id: batch.id,
    claim_id: batch.claimId ?? "",
    upload_id: upload.id,
    bucket_id: bucketId,
    delivery_id: delivery.id,
    connection_id: connection === undefined ? "" : textAt(connection, "connection_id"),
    sync_config_id: sync,
    namespace_identifier: namespace,
    blob_id: blobId ?? "",
    hash: upload.hash ?? "",
    version: "1",
    task_id: batch.taskId ?? taskId,
    audit_id: results[0]?.audit_id ?? "",
    name: hasToken ? token : "view",
    level: "0",
    tile: "000.p/1",
  };
  return {
    bucket,
    bucketId,
    params,
    // A creation that finds its key taken changes what holds it, and so has a version to meet.
    json: operationId === "createObject" ? { title } : exampleOf(route, params),
    sending: upload.sending ?? delivery.sending ?? exampleQuery(route),
    secrets,
  };
}

/** A sync, which is paused for a route that resumes it; none for a route that is about none. */
async function makeSync(
  operationId: string,
  { on, bucket, name }: { on: Service; bucket: string; name: string },
): Promise<string> {
  if (!/sync/i.test(operationId) || operationId === "createSync") return "";
  const connection = await on.post("/v1/organizations/connections", { name });
  const source = { connection_id: textAt(connection, "connection_id"), source_path: "films" };
  const id = textAt(await on.post(`${bucket}/syncs`, source), "sync_config_id");
  if (operationId !== "resumeSync") return id;
  await on.post(`${bucket}/syncs/${id}/pause`, undefined, anyVersion);
  return id;
}

interface BatchSubject {
  readonly id: string;
  /** Of the worker that has it. */
  readonly claimId?: string;
  /** Of its submission. */
  readonly taskId?: string;
}

const Claimed = z.object({ batch_id: z.string(), lease: z.object({ claim_id: z.string() }) });

const claim = { worker: "w", lease_seconds: 3_600 };

/** A batch as far on its way as the route needs it; none for a route that is about none. */
async function makeBatch(
  operationId: string,
  { on, bucket, objectId }: { on: Service; bucket: string; objectId: string },
): Promise<BatchSubject> {
  if (!/batch|cancelTask/i.test(operationId)) return { id: "" };
  const made = await on.post(`${bucket}/batches`, { object_ids: [objectId] });
  const id = textAt(made, "batch_id");
  const isDraft = !["cancelBatch", "cancelTask", "claimBatch", ...reports].includes(operationId);
  if (isDraft) return { id };
  const task = await on.post(`${bucket}/batches/${id}/submit`, undefined, anyVersion);
  if (!reports.includes(operationId)) return { id, taskId: textAt(task, "task_id") };
  // Others may wait from before; they are leased from now on, and in nobody's way.
  for (;;) {
    const claimed = Claimed.parse((await on.post("/v1/batches/claim", claim)).body);
    if (claimed.batch_id !== id) continue;
    const claimId = claimed.lease.claim_id;
    if (operationId === "retryBatch") {
      const failure = { claim_id: claimId, error: "no disk", error_type: "resource" };
      await on.post(`${bucket}/batches/${id}/fail`, failure, anyVersion);
    }
    return { id, claimId };
  }
}

interface UploadSubject {
  readonly id: string;
  /** Of its bytes, where they can be downloaded. */
  readonly hash?: string;
  readonly sending?: Subject["sending"];
}

const announced = (title: string) => ({
  filename: "note.txt",
  content_type: "text/x-note",
  blob_property: "note",
  object_metadata: { title },
  // A merge patch has no words for it.
  metadata: { gone: null },
});

/** An upload whose bytes have arrived; none for a route that is about none. */
async function makeUpload(
  operationId: string,
  { on, bucket, title }: { on: Service; bucket: string; title: string },
): Promise<UploadSubject> {
  if (!/upload|download/i.test(operationId)) return { id: "" };
  const made = await on.post(`${bucket}/uploads`, announced(title));
  const id = textAt(made, "upload_id");
  const url = textAt(made, "presigned_url").replace(on.url, "");
  const sending = { text: "some bytes", type: "text/x-note" };
  await on.send("PUT", url, { ...sending, token: "none" });
  if (operationId === "downloadBytes") {
    await on.post(`${bucket}/uploads/${id}/confirm`);
    const read = await on.get(`${bucket}/uploads/${id}?return_url=true`);
    const { search } = new URL(textAt(read, "presigned_url"));
    return { id, hash: textAt(read, "file_hash"), sending: { query: search } };
  }
  if (operationId !== "sendUpload") return { id };
  return { id, sending: { ...sending, query: url.slice(url.indexOf("?")) } };
}

const adapter = {
  adapter_type: "generic_webhook",
  webhook_secret: "the-secret-of-the-webhook",
  field_mapping: { title: "title" },
};

/** A delivery that failed, and could succeed now; none for a route that is about none. */
async function makeDelivery(
  operationId: string,
  { on, bucket, title }: { on: Service; bucket: string; title: string },
): Promise<UploadSubject> {
  if (!/ingest|deliver|adapter/i.test(operationId)) return { id: "" };
  const headers = { "X-Mixpeek-Secret": adapter.webhook_secret };
  const sending = { text: JSON.stringify({ title }), headers };
  await on.post(`${bucket}/lock`, undefined, anyVersion);
  const path = bucket.replace("/buckets/", "/ingest/");
  await on.send("POST", path, { ...sending, token: "none" });
  await on.post(`${bucket}/unlock`, undefined, anyVersion);
  const { results } = Deliveries.parse((await on.get(`${bucket}/source_adapter/deliveries`)).body);
  const id = results[0]?.delivery_id ?? "";
  return operationId === "ingest" ? { id, sending } : { id };
}

const Deliveries = z.object({ results: z.array(z.object({ delivery_id: z.string() })) });

const reports = ["progressBatch", "completeBatch", "failBatch", "retryBatch"];

async function call(
  route: Route,
  subject: Subject,
  sending: Sending & { readonly query?: string; readonly on?: Service } = {},
): Promise<Answer> {
  const {
    query = "",
    on = service,
    ...rest
  } = route.operationId === "transact"
    ? inTransaction(subject, sending)
    : {
        ...(sending.json === undefined && subject.sending),
        ...sending,
        headers: { ...subject.sending?.headers, ...sending.headers },
      };
  const path = route.path.replaceAll(/\{(\w+)\}/g, (_, name) => subject.params[name] ?? "");
  const json = rest.json ?? subject.json;
  const answer = await on.send(route.method, `${path}${query}`, {
    ...(rest.text === undefined && json !== undefined && { json }),
    ...rest,
  });
  const statuses = seen.get(route.operationId) ?? new Set();
  seen.set(route.operationId, statuses.add(answer.status));
  return answer;
}

/** The same as a transaction of one operation, which takes the body and the condition. */
function inTransaction<S extends Sending>({ params }: Subject, sending: S): S {
  const { "If-Match": ifMatch, ...headers } = sending.headers ?? {};
  const operation = {
    method: "PATCH",
    path: `/v1/buckets/${params["bucket_identifier"]}`,
    body: sending.json ?? { description: "new" },
    headers: ifMatch === undefined ? {} : { "If-Match": ifMatch },
  };
  const json = sending.text === undefined ? { json: { operations: [operation] } } : {};
  return { ...sending, ...json, headers };
}

/** One answer of every route that documents a status, which it must have. */
async function sweep(
  status: number,
  ask: (route: Route, subject: Subject) => Promise<Answer>,
  fits: (route: Route) => boolean = () => true,
  on = service,
): Promise<void> {
  const asked = routes.filter(
    (route) => documents(route, status) && !isSeenElsewhere(route, status) && fits(route),
  );
  expect(asked.length).toBeGreaterThan(0);
  for (const route of asked) {
    const isLeft = on === service && leavesAll.includes(status);
    const subject = isLeft ? await knownSubject(route) : await makeSubject(route, on);
    const answer = await ask(route, subject);
    expect(answer.status, `${route.operationId}: ${answer.text}`).toBe(status);
  }
}

function isSeenElsewhere({ operationId }: Route, status: number): boolean {
  return seenElsewhere[operationId]?.includes(status) === true;
}

function documents(route: Route, status: number): boolean {
  return String(status) in route.responses;
}

function succeeds({ responses }: Route): boolean {
  return Object.keys(responses).some((status) => status.startsWith("2"));
}

const takesBody = (route: Route) => route.requestBody !== undefined;
const takesHeader = (name: string) => (route: Route) =>
  route.parameters.some((parameter) => parameter.in === "header" && parameter.name === name);
const isWrite = takesHeader("Idempotency-Key");
const isOfNamespace = ({ operationId }: Pick<Route, "operationId">) =>
  /namespace/i.test(operationId);
/** Tells of what the token opens, whatever that is. */
const isOfAnyToken = ({ operationId }: Route) => operationId === "listNamespaces";
const isOfToken = ({ operationId }: Route) => /^(create|rotate|revoke)Token$/.test(operationId);
const whole = { headers: { Accept: writtenMediaType } };
const doneOf = (route: Route) => (documents(route, 202) ? 202 : 200);
const isProtected = (route: Route) => route["x-permission"] !== undefined;

/** A token that opens something, though not this. */
async function tokenFor(kind: string): Promise<string> {
  const name = `${kind}-${++names}`;
  const { token } = await service.store.tokens.create({
    name,
    permission: "admin",
    ...(kind === "elsewhere" && { namespaces: ["elsewhere"] }),
    ...(kind === "expired" && { expires_at: new Date(clock.now + 1_000).toISOString() }),
  });
  return token;
}

function expectEmptyHanded(answer: Answer, secrets: readonly string[]): void {
  const told = `${answer.text}\n${JSON.stringify([...answer.headers])}`;
  for (const secret of secrets) expect(told).not.toContain(secret);
}

describe("every route and every kind of token", () => {
  const strangers = ["none", "wrong", "expired"] as const;

  test.for(strangers)("a request with the token %s is a 401 that tells nothing", async (kind) => {
    const secret = kind === "expired" ? await tokenFor(kind) : "not-a-token-of-this-server";
    if (kind === "expired") clock.advance(1_000);
    for (const route of routes) {
      const subject = await knownSubject(route);
      const headers: Record<string, string> =
        kind === "none" ? {} : { Authorization: `Bearer ${secret}` };
      const answer = await call(route, subject, { token: "none", headers });
      expect(answer.status, route.operationId).toBe(isProtected(route) ? 401 : doneOf(route));
      if (!isProtected(route)) continue;
      expect(answer.headers.get("WWW-Authenticate")).toBe("Bearer");
      expectEmptyHanded(answer, subject.secrets);
    }
  });

  test("a read token reads, and is told nothing by the routes that it may not use", async () => {
    for (const route of routes) {
      const subject = await knownSubject(route);
      const answer = await call(route, subject, { token: "read" });
      const mayRead = (route["x-permission"] ?? "read") === "read";
      const status = mayRead ? doneOf(route) : 403;
      expect(answer.status, `${route.operationId}: ${answer.text}`).toBe(status);
      if (!mayRead) expectEmptyHanded(answer, subject.secrets);
    }
  });

  test("a token of another namespace is a 403 that tells nothing, whether or not there is something", async () => {
    const Authorization = `Bearer ${await tokenFor("elsewhere")}`;
    // Without a name, what is of the organisation is of the namespaces that the token opens.
    const named = { headers: { Authorization }, namespace: "default" };
    for (const route of routes.filter(isProtected)) {
      const subject = await knownSubject(route);
      const answer = await call(route, subject, named);
      const status = isOfAnyToken(route) ? 200 : 403;
      expect(answer.status, `${route.operationId}: ${answer.text}`).toBe(status);
      expectEmptyHanded(answer, subject.secrets);
      if (isOfAnyToken(route)) continue;
      const nothing = {
        bucket_identifier: "nothing",
        object_identifier: "nothing",
        batch_id: "nothing",
        upload_id: "nothing",
        delivery_id: "nothing",
        connection_id: "nothing",
        sync_config_id: "nothing",
        namespace_identifier: subject.params["namespace_identifier"] ?? "",
        task_id: "nothing",
        audit_id: "nothing",
      };
      const params = { ...subject.params, ...nothing };
      const unknown = await call(route, { ...subject, params }, named);
      expect(withoutIds(unknown)).toBe(withoutIds(answer));
    }
  });

  test("in its own namespace it finds nothing of another", async () => {
    const headers = { Authorization: `Bearer ${await tokenFor("elsewhere")}` };
    for (const route of routes.filter(isProtected)) {
      const subject = await knownSubject(route);
      const answer = await call(route, subject, { headers, namespace: "elsewhere" });
      const isAboutOne =
        route.operationId === "transact" ||
        /\{(bucket_identifier|task_id|audit_id|connection_id)\}/.test(route.path);
      const isEmptyHanded = route.operationId === "claimBatch";
      const found = isEmptyHanded ? 204 : isAboutOne ? 404 : 200;
      const isForbidden = isOfNamespace(route) && !isOfAnyToken(route);
      const status = route["x-store-wide"] === true || isForbidden ? 403 : found;
      expect(answer.status, `${route.operationId}: ${answer.text}`).toBe(status);
      // The id is what was asked for: a refusal may repeat it.
      const [, ...secrets] = subject.secrets;
      expectEmptyHanded(answer, secrets);
    }
  });
});

describe("what the hosted API has and this server has not", () => {
  test("is a 501 to every token that says what is served instead, whatever is sent", async () => {
    expect(unserved.length).toBeGreaterThan(0);
    for (const route of unserved) {
      expect(Object.keys(route.responses)).toContain("501");
      const subject = { ...(await knownSubject(route)), params: exampleParameters };
      const asked: readonly (Sending & { query?: string })[] = [
        { token: "read" },
        { query: "?limit=0&surprise=1" },
        { headers: { Authorization: `Bearer ${await tokenFor("elsewhere")}` } },
        ...(route.method === "GET" ? [] : [{ text: "no JSON", type: "text/plain" }]),
      ];
      for (const sending of asked) {
        const answer = await call(route, subject, sending);
        expectRefusal(answer, 501, "NotImplementedError");
        const [, method, path] = / (GET|POST) (\/v1\/[^ :,.]+)/.exec(answer.text) ?? [];
        expect(routes).toContainEqual(expect.objectContaining({ method, path }));
      }
    }
  });

  test("is a 401 to strangers", async () => {
    for (const route of unserved) {
      const subject = { ...(await knownSubject(route)), params: exampleParameters };
      const answer = await call(route, subject, { token: "none" });
      expectRefusal(answer, 401, "UnauthorizedError");
    }
  });
});

/** More than `fetch` would send: the server refuses it before it arrives. */
async function sendTooMuch(route: Route, { params, sending }: Subject): Promise<Answer> {
  const path = `/v1/uploads/${params["upload_id"]}${sending?.query}`;
  const head = `PUT ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: ${sending?.type}\r\n`;
  const text = await sendRaw(service.url, `${head}Content-Length: 99999999999\r\n\r\n`);
  const status = Number(text.slice("HTTP/1.1 ".length).slice(0, 3));
  seen.get(route.operationId)?.add(status);
  return { status, text, headers: new Headers(), body: undefined };
}

/** Until no batch waits any more. */
async function claimAll(): Promise<void> {
  const claimNext = () => service.post("/v1/batches/claim", claim);
  while ((await claimNext()).status !== 204);
}

function withoutIds({ text }: Answer): string {
  return text.replaceAll(/req_\w+/g, "");
}

/** How routes are asked for what is not there, where the path alone does not say it. */
const absent: Readonly<Record<string, string>> = {
  listBuckets: "?as_of=@99999999",
  listTasks: "?as_of=@99999999",
  listNamespaces: "?as_of=@99999999",
  listTokens: "?as_of=@99999999",
  searchConnections: "?as_of=@99999999",
  listEvents: "?bucket=no",
  getCheckpoint: "?size=99999999",
  proveInclusion: "?position=99999999",
  proveConsistency: "?from=1&to=99999999",
};

describe("the document shows how to send every request", () => {
  deepTest("each has an example of what it needs, and each example is understood", async () => {
    for (const route of routes.filter((other) => !isSeenElsewhere(other, 200))) {
      const types = Object.keys(route.requestBody?.content ?? { "": {} });
      for (const type of types) {
        const subject = await makeSubject(route);
        const json = exampleOf(route, subject.params, type);
        const sending = json === undefined ? {} : { json, type };
        const answer = await call(route, subject, sending);
        const about = `${route.operationId} as ${type}: ${answer.text}`;
        expect(answer.status, about).toBeOneOf([200, 202, 204]);
      }
    }
  });

  test("no parameter that must be sent, and no body, is without one", () => {
    const lacking = routes.flatMap(({ operationId, parameters, requestBody }) => [
      ...parameters
        .filter(({ required, example }) => required && example === undefined)
        .map(({ name }) => `${operationId}: add "${name}" to src/http/example-parameters.ts`),
      ...Object.entries(requestBody?.content ?? {})
        .filter(([, { example }]) => example === undefined)
        .map(([type]) => `${operationId}: add \`examples: { "${type}": … }\` to its route`),
    ]);
    expect(lacking).toEqual([]);
  });
});

describe.runIf(isDeep)("every documented status is seen, and no other", () => {
  test("what succeeds", async () => {
    await sweep(200, (route, subject) =>
      // Answered with nothing, but to those who accept all that there is to tell.
      call(
        route,
        subject,
        /^delete(Object|Upload|Connection)$/.test(route.operationId) ? whole : {},
      ),
    );
    await sweep(202, (route, subject) => call(route, subject));
    await sweep(204, async (route, subject) => {
      if (route.operationId === "claimBatch") await claimAll();
      return await call(route, subject, {
        headers: isWrite(route) ? { Prefer: "return=minimal" } : {},
      });
    });
    await sweep(206, (route, subject) => call(route, subject, { headers: { Range: "bytes=0-0" } }));
    await sweep(304, (route, subject) =>
      call(route, subject, { headers: { "If-None-Match": "*" } }),
    );
  });

  test("what no route understands", async () => {
    await sweep(400, (route, subject) => call(route, subject, { query: "?surprise=1" }));
    await sweep(406, (route, subject) =>
      call(route, subject, { headers: { Accept: "application/xml" } }),
    );
    await sweep(413, async (route, subject) => {
      if (route.operationId === "sendUpload") return await sendTooMuch(route, subject);
      const isLarge = /(create|put|patch|revert|restore)Object/.test(route.operationId);
      return await call(route, subject, { text: " ".repeat((isLarge ? 16 : 1) * 1024 * 1024 + 1) });
    });
    await sweep(415, (route, subject) => {
      const headers = route.operationId === "ingest" ? { "Content-Encoding": "gzip" } : {};
      return call(route, subject, { text: "{}", type: "text/plain", headers });
    });
  });

  test("what is not there", async () => {
    await sweep(404, (route, subject) => {
      const params = {
        bucket_identifier: "no",
        object_identifier: "no",
        batch_id: "no",
        upload_id: "no",
        bucket_id: "no",
        delivery_id: "no",
        connection_id: "no",
        sync_config_id: "no",
        namespace_identifier: "no",
        blob_id: "no",
        task_id: "no",
        audit_id: "no",
        name: "no",
        version: "1",
        level: "0",
        tile: "x999/999",
      };
      return call(route, { ...subject, params }, { query: absent[route.operationId] ?? "" });
    });
  });

  test("what is not signed for it", async () => {
    await sweep(
      403,
      async (route, subject) => {
        if (route.operationId === "sendUpload") {
          return await call(route, subject, { query: "?signature=guessed" });
        }
        if (route.operationId === "downloadBytes") {
          return await call(route, subject, { query: "?size=10&expires=1&signature=guessed" });
        }
        await service.merge(subject.bucket, { source_adapter: { enabled: false } });
        return await call(route, subject);
      },
      (route) => !isProtected(route),
    );
    await sweep(
      401,
      (route, subject) => call(route, subject, { headers: { "X-Mixpeek-Secret": "guessed" } }),
      (route) => !isProtected(route),
    );
  });

  test("what is beyond the end of a blob", async () => {
    await sweep(416, (route, subject) =>
      call(route, subject, { headers: { Range: "bytes=999-" } }),
    );
  });

  test("what is of another log", async () => {
    await sweep(410, (route, subject) => call(route, subject, { query: "?after=99999999" }));
  });

  test("what a write forbids itself", async () => {
    await sweep(412, (route, subject) => call(route, subject, { headers: { "If-Match": '"99"' } }));
    await sweep(423, async (route, { bucket, ...subject }) => {
      if (isOfNamespace(route)) {
        const within = { namespace: subject.params["namespace_identifier"] ?? "" };
        const locked = await makeBucket(service, { bucket_name: "locked" }, within);
        await service.post(`${locked}/lock`, undefined, within);
      }
      if (route.operationId === "activateBucket") await service.post(`${bucket}/activate`);
      await service.post(`${bucket}/lock`);
      return await call(route, { bucket, ...subject });
    });
    await sweep(
      422,
      async (route, subject) => {
        const headers = { "Idempotency-Key": `used-${++names}` };
        // The keys of tokens are those of the whole store, the others of their namespace.
        const other = { name: `other-${names}`, permission: "read" };
        const { namespace_name: wanted } = Object(subject.json);
        const named = wanted ?? subject.params["namespace_identifier"];
        const within = isOfNamespace(route) ? { namespace: String(named) } : {};
        if (isOfToken(route)) await service.post("/v1/admin/tokens", other, { headers });
        else await makeBucket(service, { bucket_name: `other ${names}` }, { headers, ...within });
        return await call(route, subject, { headers });
      },
      isWrite,
    );
  });

  test("what fits no schema", async () => {
    const misfits = {
      limit: "many",
      expected: 1,
      permission: "all",
      name: 1,
      read_auditing_enabled: "perhaps",
    };
    await sweep(
      422,
      // What does not fit inside the body of a list is a 400, like the query that it stands for.
      (route, subject) =>
        call(route, subject, { json: route.operationId.startsWith("list") ? [] : misfits }),
      (route) => takesBody(route) && !isWrite(route),
    );
    // A merge patch has no words for a null that is meant to stay.
    await sweep(
      422,
      async (route, subject) => {
        const { object_identifier: object = "", batch_id: batch = "" } = subject.params;
        if (route.operationId.startsWith("listBatch")) {
          return await call(route, subject, { query: "?limit=0" });
        }
        if (route.operationId === "diffUpload") {
          return await call(route, subject, { query: "?format=merge-patch" });
        }
        if (route.operationId === "diffSync") {
          const sync = `${subject.bucket}/syncs/${subject.params["sync_config_id"]}`;
          await service.patch(sync, { metadata: { gone: null } });
          return await call(route, subject, { query: "?format=merge-patch" });
        }
        if (isOfNamespace(route)) {
          const infrastructure = { qdrant_collection: "films", gpu_type: null };
          const namespace = `/v1/namespaces/${subject.params["namespace_identifier"]}`;
          await service.patch(namespace, { infrastructure });
          return await call(route, subject, { query: "?format=merge-patch" });
        }
        const below = batch === "" ? `/objects/${object}` : `/batches/${batch}`;
        const path = object === "" ? subject.bucket : subject.bucket + below;
        await service.patch(path, { metadata: { gone: null } });
        return await call(route, subject, { query: "?format=merge-patch" });
      },
      (route) => !takesBody(route) && !isWrite(route),
    );
  });

  test("what is taken", async () => {
    const taken = await makeBucket(service, { bucket_name: "taken" });
    await service.store.tokens.create({ name: "taken", permission: "read" });
    await service.post("/v1/organizations/connections", { name: "taken" });
    const json = {
      bucket_name: "taken",
      bucket_schema: { properties: {} },
      name: "taken",
      permission: "read",
    };
    const later = ["revertBucket", "restoreBucket"];
    const isOfObject = ({ operationId }: Route) => operationId.endsWith("Object");
    const isOfBytes = ({ operationId }: Route) =>
      ["confirmUpload", "confirmUploadsByTask", "sendUpload"].includes(operationId);
    await sweep(409, clashWithBytes, isOfBytes);
    const isReport = ({ operationId }: Route) => reports.includes(operationId);
    const isNow = (route: Route) =>
      !later.includes(route.operationId) &&
      !isOfObject(route) &&
      !isReport(route) &&
      !isOfNamespace(route) &&
      !isOfBytes(route);
    await sweep(
      409,
      (route, subject) => {
        const { namespace_identifier: made } = subject.params;
        if (route.operationId === "createNamespace") {
          return call(route, subject, { json: { namespace_name: made } });
        }
        // Nobody made the one that everything is in.
        const params = { ...subject.params, namespace_identifier: "default" };
        return call(route, { ...subject, params });
      },
      isOfNamespace,
    );
    await sweep(
      409,
      (route, subject) => call(route, subject, { json: { ...subject.json, claim_id: "other" } }),
      isReport,
    );
    await sweep(409, clashWithObject, isOfObject);
    await sweep(409, (route, subject) => call(route, subject, { json }), isNow);
    await sweep(
      409,
      async (route, subject) => {
        if (route.operationId === "restoreBucket") {
          return await call(route, subject, { json: { bucket_name: "taken" } });
        }
        await service.patch(subject.bucket, { description: "a" });
        await service.patch(subject.bucket, { description: "b" });
        return await call(route, subject, { json: { undo: 2 } });
      },
      ({ operationId }) => later.includes(operationId),
    );
    expect((await service.get(taken)).status).toBe(200);
  });

  /** An upload that was confirmed already, or whose object another one has taken the place of. */
  async function clashWithBytes(route: Route, subject: Subject): Promise<Answer> {
    const { bucket, params } = subject;
    if (route.operationId === "sendUpload") {
      await service.post(`${bucket}/uploads/${params["upload_id"]}/confirm`);
      return await call(route, subject);
    }
    const inserting = await makeBucket(service, {
      ...keyed,
      bucket_name: `inserting ${++names}`,
      unique_key: { fields: ["title"], default_policy: "insert" },
    });
    const { id } = await makeUpload("confirmUpload", {
      on: service,
      bucket: inserting,
      title: "taken",
    });
    await service.post(`${inserting}/objects`, { title: "taken" });
    const bucketId = inserting.replace("/v1/buckets/", "");
    const clashing = { ...subject.params, bucket_identifier: bucketId, upload_id: id };
    return await call(route, { ...subject, params: clashing, json: exampleOf(route, clashing) });
  }

  /** A write to an object whose unique key, or whose place, another write has taken. */
  async function clashWithObject(route: Route, subject: Subject): Promise<Answer> {
    const { bucket, params } = subject;
    const path = `${bucket}/objects/${params["object_identifier"]}`;
    switch (route.operationId) {
      case "createObject":
        return await call(route, subject, { query: "?policy=insert" });
      case "restoreObject": {
        const { value } = Object(Object(await service.get(`${path}/history/1`)).body).changes.find(
          (change: { readonly path: string }) => change.path === "/title",
        );
        await service.post(`${bucket}/objects`, { title: value });
        return await call(route, subject);
      }
      case "revertObject":
        await service.patch(path, { metadata: { a: 1 } });
        await service.patch(path, { metadata: { a: 2 } });
        return await call(route, subject, { json: { undo: 2 } });
      default:
        await service.post(`${bucket}/objects`, { title: "taken" });
        return await call(route, subject, { json: { title: "taken" } });
    }
  }

  test("what a server that requires If-Match refuses", async () => {
    const on = await serveAll({ requireIfMatch: true });
    try {
      await sweep(428, (route, subject) => call(route, subject, { on }), undefined, on);
    } finally {
      await on.close();
    }
  });

  test("what a server that limits requests refuses", async () => {
    const on = await serveAll({ rateLimit: 1, rateClock: () => 0 });
    try {
      await on.get("/v1/events/head");
      for (const route of routes.filter((other) => documents(other, 429))) {
        const params = {
          bucket_identifier: "x",
          object_identifier: "x",
          batch_id: "x",
          upload_id: "x",
          bucket_id: "x",
          delivery_id: "x",
          connection_id: "x",
          sync_config_id: "x",
          namespace_identifier: "x",
          blob_id: "x",
          version: "1",
          task_id: "x",
          audit_id: "x",
          name: "view",
          level: "0",
          tile: "000",
        };
        const subject = { bucket: "", bucketId: "", params, json: undefined, secrets: [] };
        const answer = await call(route, subject, { on });
        expect(answer.status, route.operationId).toBe(429);
      }
    } finally {
      await on.close();
    }
  });

  test("nothing else is documented, and nothing else was seen", () => {
    for (const route of routes) {
      const documented = Object.keys(route.responses)
        .map(Number)
        .filter((status) => !failingDisk.includes(status))
        .filter((status) => !isSeenElsewhere(route, status));
      const statuses = [...(seen.get(route.operationId) ?? [])].sort((a, b) => a - b);
      expect({ [route.operationId]: statuses }).toEqual({ [route.operationId]: documented });
    }
  });
});
