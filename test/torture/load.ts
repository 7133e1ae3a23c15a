/**
 * Clients that write all kinds of things, one after the other, and go on while the service comes and
 * goes: what they have no answer to they send again under the same Idempotency-Key.
 */
import { createHash } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { z } from "zod";
import type { Random } from "../support/random.js";
import type { Attempt, Deed, Ended, Journal } from "./journal.js";
import { type Address, token } from "./service.js";

const answerMs = 20_000;
const pauseMs = 20;
const triesMax = 200;
const adapterSecret = "the-first-secret-of-the-adapter";

interface LoadOptions {
  /** Distinguishes its attempts from those of other loads on the same file. */
  readonly name: string;
  readonly address: Address;
  readonly journal: Journal;
  readonly random: Random;
  readonly clients: number;
  /** Bytes of a text that is stored, at most. */
  readonly blobBytesMax?: number;
  /** Between two deeds of a client; 0 unless given. */
  readonly thinkMs?: number;
}

interface Request {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Reply {
  readonly ended: Ended;
  readonly body: unknown;
}

const Made = z.object({
  bucket_id: z.string().optional(),
  object_id: z.string().optional(),
  batch_id: z.string().optional(),
  upload_id: z.string().optional(),
  presigned_url: z.string().optional(),
});
type Made = z.infer<typeof Made>;

const Refusal = z.object({
  error: z.object({ details: z.object({ outcome: z.string() }).partial() }).partial(),
});

/** What all clients know of. */
interface Common {
  /** Everybody patches it. */
  readonly shared: string;
  readonly adapter: string;
}

export class Load {
  readonly #options: LoadOptions;
  readonly #stop = new AbortController();
  #common: Common | undefined;
  #running: Promise<unknown> = Promise.resolve();

  constructor(options: LoadOptions) {
    this.#options = options;
  }

  /** Resolves once the buckets are there that all clients work with. */
  async start(): Promise<void> {
    const { name, random, clients } = this.#options;
    const first = new Client(
      this.#options,
      `${name}-setup`,
      random.fork("setup"),
      this.#stop.signal,
    );
    const shared = await first.create(`${name}-shared`);
    const adapter = await first.create(`${name}-adapter`, {
      unique_key: { fields: ["key"], default_policy: "upsert" },
      source_adapter: {
        adapter_type: "generic_webhook",
        webhook_secret: adapterSecret,
        field_mapping: { key: "data.key" },
        dedup_key: "id",
        batching: { mode: "time_window", window_seconds: 1, max_batch_size: 20 },
      },
    });
    if (shared === undefined || adapter === undefined) throw new Error("the load cannot begin");
    this.#common = { shared, adapter };
    const all = Array.from({ length: clients }, (_, index) => {
      const id = `${name}-c${index}`;
      return new Client(this.#options, id, random.fork(id), this.#stop.signal);
    });
    this.#running = Promise.all(all.map((client, index) => client.run(this.#known(), index === 0)));
  }

  /** Resolves once no request is under way. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  #known(): Common {
    if (this.#common === undefined) throw new Error("the load has not begun");
    return this.#common;
  }
}

class Client {
  readonly #options: LoadOptions;
  readonly #id: string;
  readonly #random: Random;
  readonly #stop: AbortSignal;
  readonly #buckets: string[] = [];
  readonly #objects: { readonly bucket: string; readonly id: string }[] = [];
  #secret = adapterSecret;
  #seen: number | undefined;
  #count = 0;

  constructor(options: LoadOptions, id: string, random: Random, stop: AbortSignal) {
    this.#options = options;
    this.#id = id;
    this.#random = random;
    this.#stop = stop;
  }

  /** @param isSender whether it is the one that sends webhooks and changes their secret. */
  async run(common: Common, isSender: boolean): Promise<void> {
    while (!this.#stop.aborted) {
      await this.#one(common, isSender);
      if (this.#options.thinkMs !== undefined) await wait(this.#options.thinkMs);
    }
  }

  async #one({ shared, adapter }: Common, isSender: boolean): Promise<unknown> {
    const own = this.#buckets.at(-1);
    if (own === undefined || this.#random.chance(0.05)) return await this.create(this.#next());
    if (isSender && this.#random.chance(0.5)) {
      return this.#random.chance(0.2)
        ? await this.#changeSecret(adapter)
        : await this.#deliver(adapter);
    }
    const bucket = this.#random.pick(this.#buckets);
    switch (this.#random.below(10)) {
      case 0:
      case 1:
        return await this.#patch(bucket);
      case 2:
      case 3:
        return await this.#patchShared(shared);
      case 4:
        return await this.#storeObject(bucket);
      case 5:
        return await this.#upload(bucket);
      case 6:
        return await this.#batch();
      case 7:
        return await this.#transaction(bucket);
      case 8:
        return await this.#lock(bucket);
      default:
        return this.#random.chance(0.5) ? await this.#read(shared) : await this.#readPast(bucket);
    }
  }

  /** @returns the id of the bucket; undefined when it was not made. */
  async create(name: string, more: object = {}): Promise<string | undefined> {
    const properties = { file: { type: "image" }, key: { type: "string" } };
    const made = await this.#write("create", name, 1, {
      method: "POST",
      path: "/v1/buckets",
      body: { bucket_name: name, bucket_schema: { properties }, ...more },
    });
    const id = made?.bucket_id;
    if (id !== undefined) this.#buckets.push(id);
    return id;
  }

  async #patch(bucket: string): Promise<unknown> {
    const mark = this.#next();
    return await this.#write("patch", bucket, 1, patchOf(bucket, mark), { id: mark });
  }

  async #patchShared(bucket: string): Promise<void> {
    const mark = this.#next();
    const ifMatch = this.#random.chance(0.5) ? this.#seen : undefined;
    const headers = ifMatch === undefined ? {} : { "If-Match": `"${ifMatch}"` };
    const { ended } = await this.#call(
      {
        ...this.#attempt("patch", bucket, 1, mark),
        ...(ifMatch !== undefined && { ifMatch }),
      },
      { ...patchOf(bucket, mark), headers },
    );
    this.#seen = ended.version ?? this.#seen;
  }

  async #storeObject(bucket: string): Promise<void> {
    const text = this.#text();
    const made = await this.#write(
      "object",
      bucket,
      1,
      {
        method: "POST",
        path: `/v1/buckets/${bucket}/objects?policy=insert`,
        body: { blobs: [{ property: "file", type: "image", data: inline(text) }] },
      },
      { blobs: [sha256(text)] },
    );
    if (made?.object_id !== undefined) this.#objects.push({ bucket, id: made.object_id });
  }

  async #upload(bucket: string): Promise<void> {
    const text = this.#text();
    const uploads = `/v1/buckets/${bucket}/uploads`;
    const announced = await this.#write("announce", bucket, 1, {
      method: "POST",
      path: uploads,
      body: {
        filename: "file.png",
        content_type: "image/png",
        blob_property: "file",
        file_size_bytes: Buffer.byteLength(text),
      },
    });
    if (announced?.upload_id === undefined || announced.presigned_url === undefined) return;
    const { pathname, search } = new URL(announced.presigned_url);
    const sent = await this.#write("send", bucket, 0, {
      method: "PUT",
      path: `${pathname}${search}`,
      body: text,
    });
    if (sent === undefined) return;
    const confirm = { method: "POST", path: `${uploads}/${announced.upload_id}/confirm`, body: {} };
    await this.#write("confirm", announced.upload_id, 2, confirm, { blobs: [sha256(text)] });
  }

  async #batch(): Promise<void> {
    const object = this.#objects.at(-1);
    if (object === undefined) return;
    const batches = `/v1/buckets/${object.bucket}/batches`;
    const body = { object_ids: [object.id] };
    const made = await this.#write("batch", object.bucket, 1, {
      method: "POST",
      path: batches,
      body,
    });
    if (made?.batch_id === undefined) return;
    await this.#write("submit", made.batch_id, 1, {
      method: "POST",
      path: `${batches}/${made.batch_id}/submit`,
      body: {},
    });
  }

  async #transaction(bucket: string): Promise<void> {
    const mark = this.#next();
    const operations = [
      patchOf(bucket, mark),
      {
        method: "POST",
        path: "/v1/buckets",
        body: { bucket_name: `${mark}-made`, bucket_schema: { properties: {} } },
      },
    ];
    const request = { method: "POST", path: "/v1/transactions", body: { operations } };
    await this.#write("transaction", bucket, 2, request, { id: mark });
  }

  async #lock(bucket: string): Promise<void> {
    const path = `/v1/buckets/${bucket}`;
    const lock = { method: "POST", path: `${path}/lock`, body: {} };
    const locked = await this.#write("lock", bucket, 1, lock);
    // A lock whose outcome nobody knows may not be there: unlocking it would rightly be refused.
    if (locked === undefined) return;
    await this.#write("unlock", bucket, 1, { method: "POST", path: `${path}/unlock`, body: {} });
  }

  async #changeSecret(bucket: string): Promise<void> {
    const secret = `secret-${this.#next()}-of-the-adapter`;
    const made = await this.#write("secret", bucket, 1, {
      method: "PATCH",
      path: `/v1/buckets/${bucket}`,
      headers: { "Content-Type": "application/merge-patch+json" },
      body: { source_adapter: { webhook_secret: secret } },
    });
    if (made !== undefined) this.#secret = secret;
  }

  async #deliver(bucket: string): Promise<void> {
    const mark = this.#next();
    await this.#write(
      "delivery",
      bucket,
      undefined,
      {
        method: "POST",
        path: `/v1/ingest/${bucket}`,
        headers: { "X-Mixpeek-Secret": this.#secret },
        body: { id: mark, type: "made", data: { key: mark } },
      },
      { id: mark },
    );
  }

  async #read(bucket: string): Promise<void> {
    const request = { method: "GET", path: `/v1/buckets/${bucket}` };
    const { ended } = await this.#call(this.#attempt("read", bucket, 0), request);
    this.#seen = ended.version ?? this.#seen;
  }

  async #readPast(bucket: string): Promise<void> {
    const path = `/v1/buckets/${bucket}?as_of=1`;
    await this.#call(this.#attempt("past", path, 0), { method: "GET", path });
  }

  async #write(
    deed: Deed,
    about: string,
    events: number | undefined,
    request: Request,
    more: { readonly id?: string; readonly blobs?: readonly string[] } = {},
  ): Promise<Made | undefined> {
    const { id = this.#next(), ...rest } = more;
    const { ended, body } = await this.#call(
      { ...this.#attempt(deed, about, events, id), ...rest },
      request,
    );
    return ended.outcome === "acknowledged" ? (Made.safeParse(body).data ?? {}) : undefined;
  }

  #attempt(deed: Deed, about: string, events: number | undefined, id = this.#next()): Attempt {
    const base = { id, deed, about, begun: process.hrtime.bigint() };
    return events === undefined ? base : { ...base, events };
  }

  async #call(attempt: Attempt, request: Request): Promise<Reply> {
    const { journal } = this.#options;
    journal.begin(attempt);
    let isUnknown = false;
    let last: Response | undefined;
    for (let tries = 0; tries < triesMax && !(tries > 0 && this.#stop.aborted); tries += 1) {
      const url = await this.#address();
      if (url === undefined) break;
      const answer = await this.#send(url, attempt.id, request);
      if (answer === undefined) {
        isUnknown = true;
        last = undefined;
      } else {
        const { response, text } = answer;
        last = response;
        if (response.status < 500) return this.#end(attempt, response, text);
        const refusal = Refusal.safeParse(parsed(text)).data;
        if (response.status === 500 || refusal?.error.details?.outcome === "unknown")
          isUnknown = true;
      }
      await wait(pauseMs);
    }
    const ended = process.hrtime.bigint();
    const ending: Ended =
      isUnknown || last === undefined
        ? { ...attempt, outcome: "unknown", ended }
        : { ...attempt, outcome: "refused", status: last.status, ended };
    journal.end(ending);
    return { ended: ending, body: undefined };
  }

  #end(attempt: Attempt, response: Response, text: string): Reply {
    const { headers, status } = response;
    const body = parsed(text);
    const made = Made.safeParse(body).data;
    const version = numberOf(headers.get("X-Version"));
    const position = numberOf(headers.get("X-Position"));
    const resource = made?.object_id ?? made?.batch_id ?? made?.upload_id ?? made?.bucket_id;
    const ended: Ended = {
      ...attempt,
      outcome: response.ok ? "acknowledged" : "refused",
      status,
      ended: process.hrtime.bigint(),
      ...(version !== undefined && { version }),
      ...(position !== undefined && { position }),
      ...(resource !== undefined && { resource }),
      ...(!response.ok && { refusal: text }),
      ...(attempt.deed === "past" && { answer: sha256(`${headers.get("ETag")} ${text}`) }),
    };
    this.#options.journal.end(ended);
    return { ended, body };
  }

  /** Where the service is, once there is one; undefined once all is to end. */
  async #address(): Promise<string | undefined> {
    const stopped = new Promise<undefined>((resolve) => {
      if (this.#stop.aborted) resolve(undefined);
      this.#stop.addEventListener("abort", () => resolve(undefined), { once: true });
    });
    return await Promise.race([this.#options.address.url(), stopped]);
  }

  /** @returns undefined when there was no answer. */
  async #send(
    url: string,
    id: string,
    { method, path, body, headers }: Request,
  ): Promise<{ readonly response: Response; readonly text: string } | undefined> {
    const isBytes = typeof body === "string";
    try {
      const response = await fetch(`${url}${path}`, {
        method,
        headers: {
          ...(!path.includes("signature=") && { Authorization: `Bearer ${token}` }),
          "X-Request-Id": id,
          ...(method !== "GET" &&
            !isBytes &&
            !path.includes("/ingest/") && { "Idempotency-Key": id }),
          "Content-Type": isBytes ? "image/png" : "application/json",
          ...headers,
        },
        ...(body !== undefined && { body: isBytes ? body : JSON.stringify(body) }),
        signal: AbortSignal.timeout(answerMs),
      });
      return { response, text: await response.text() };
    } catch {
      return undefined;
    }
  }

  #next(): string {
    this.#count += 1;
    return `${this.#id}-${this.#count}`;
  }

  #text(): string {
    const max = this.#options.blobBytesMax ?? 20_000;
    return `${this.#next()} `.padEnd(1 + this.#random.below(max), "text ");
  }
}

function patchOf(bucket: string, mark: string) {
  return {
    method: "PATCH",
    path: `/v1/buckets/${bucket}`,
    body: { metadata: { mark } },
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function numberOf(header: string | null): number | undefined {
  return header === null ? undefined : Number(header);
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function inline(text: string) {
  return { base64: Buffer.from(text).toString("base64"), mime_type: "image/png" };
}
