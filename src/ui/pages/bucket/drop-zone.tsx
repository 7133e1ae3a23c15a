/** Takes files that are dropped or chosen, and sends each under the URL that is signed for it. */
import { useState } from "preact/hooks";
import { isJsonObject, type JsonObject, type Uploads } from "../../../client/index.js";
import { toError } from "../../answer/use-answer.js";
import { useNamespace } from "../../session/namespace.js";
import { size } from "../../show/numbers.js";
import { Text } from "../../show/text.js";
import { useBucket } from "./use-bucket.js";

interface Sending {
  readonly file: File;
  readonly sent: number;
  readonly outcome: string | undefined;
}

/** The types of fields that hold bytes. */
const ofBytes = new Set(["image", "audio", "video", "pdf", "excel", "text", "binary", "document"]);

export function DropZone({ done }: { readonly done: () => void }) {
  const { id, read } = useBucket();
  const api = useNamespace();
  const properties = blobProperties(read.bucket.bucket_schema);
  const [property, setProperty] = useState(properties[0] ?? "");
  const [isOver, setOver] = useState(false);
  const [files, setFiles] = useState<readonly Sending[]>([]);
  const note = (file: File, part: Partial<Sending>) =>
    setFiles((last) => last.map((one) => (one.file === file ? { ...one, ...part } : one)));
  const take = async (list: FileList | null | undefined) => {
    const chosen = Array.from(list ?? []);
    setFiles((last) => [...chosen.map((file) => ({ file, sent: 0, outcome: undefined })), ...last]);
    for (const file of chosen) {
      try {
        await upload(api.uploads(id), file, property, (sent) => note(file, { sent }));
        note(file, { sent: file.size, outcome: "uploaded" });
      } catch (error) {
        note(file, { outcome: toError(error).message });
      }
    }
    done();
  };
  if (properties.length === 0) {
    return (
      <p class="soft">The schema has no field that holds bytes, so nothing can be uploaded.</p>
    );
  }
  return (
    <section class="drop" aria-label="Upload">
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the button inside is for the keyboard. */}
      <div
        class={isOver ? "drop-zone over" : "drop-zone"}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          setOver(false);
          void take(event.dataTransfer?.files);
        }}
      >
        <label>
          Drop files here, or choose some{" "}
          <input
            type="file"
            multiple
            onChange={({ currentTarget }) => void take(currentTarget.files)}
          />
        </label>
        <label>
          as{" "}
          <select
            value={property}
            onChange={({ currentTarget }) => setProperty(currentTarget.value)}
          >
            {properties.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
      </div>
      <ul class="plain-list" aria-label="Files">
        {files.map(({ file, sent, outcome }) => (
          <li key={`${file.name} ${file.lastModified}`}>
            <Text max={120}>{file.name}</Text>{" "}
            {outcome === undefined ? (
              <progress max={file.size} value={sent} aria-label={`Sending ${file.name}`} />
            ) : (
              <span class="soft">
                {size(file.size)} · <Text max={300}>{outcome}</Text>
              </span>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

async function upload(
  uploads: Uploads,
  file: File,
  property: string,
  onProgress: (sent: number) => void,
): Promise<void> {
  const { upload: announced } = await uploads.create({
    filename: file.name,
    content_type: file.type === "" ? "application/octet-stream" : file.type,
    file_size_bytes: file.size,
    blob_property: property,
  });
  await uploads.receive(announced.upload_id, file, { onProgress });
  await uploads.confirm(announced.upload_id);
}

function blobProperties(schema: unknown): readonly string[] {
  const fields = isJsonObject(schema) ? schema["properties"] : undefined;
  if (!isJsonObject(fields)) return [];
  return Object.entries(fields).flatMap(([name, field]) => (holdsBytes(field) ? [name] : []));
}

function holdsBytes(field: unknown): field is JsonObject {
  return isJsonObject(field) && typeof field["type"] === "string" && ofBytes.has(field["type"]);
}
