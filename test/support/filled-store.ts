/** A store on a file with something of everything: buckets, objects with blobs, secrets, tokens, keys. */
import { type EmbeddedStore, openBuckets } from "../../src/index.js";
import type { OpenOptions } from "../../src/open.js";
import { temporaryFile } from "./backends.js";
import { tellObjects } from "./resource-story.js";

const adapter = {
  adapter_type: "generic_webhook",
  webhook_secret: "a secret of ours",
  field_mapping: {},
};

export async function filledStore(
  options: Partial<OpenOptions> = {},
): Promise<{ readonly file: string; readonly store: EmbeddedStore<unknown> }> {
  const file = options.file ?? temporaryFile();
  const store = await openBuckets<unknown>({ actor: "ana", ...options, file });
  const namespace = store.namespace();
  const { buckets } = namespace;
  await buckets.create({ bucket_name: "videos", bucket_schema: { properties: {} } });
  await buckets.patch("videos", { description: "first" }, { idempotencyKey: "once" });
  await buckets.patch("videos", { source_adapter: adapter });
  // What is refused is told as well, and changes nothing.
  await tellObjects(async ({ act }) => Object(await act(namespace).catch(() => ({}))));
  const waiting = await namespace.uploads("clips").create({
    filename: "a.mp4",
    blob_property: "clip",
    content_type: "video/mp4",
    file_size_bytes: 5,
  });
  await namespace.uploads("clips").receive(waiting.upload.upload_id, bytesOf("bytes"));
  await store.tokens.create({ name: "reader", permission: "read" });
  return { file, store };
}

async function* bytesOf(text: string): AsyncIterable<Uint8Array> {
  yield Buffer.from(text);
}
