/** The bytes of a blob: seen, heard or read where a browser can, and saved in any case. */
import { useEffect, useState } from "preact/hooks";
import { Failure } from "../../answer/failure.js";
import { useAction } from "../../answer/use-action.js";
import { useNamespace } from "../../session/namespace.js";
import { size } from "../../show/numbers.js";
import { download } from "../../show/save.js";
import { Text } from "../../show/text.js";
import { Value } from "../../show/value.js";
import { useBucket } from "../bucket/use-bucket.js";
import { Player } from "./player.js";
import { askSignedUrl, type ObjectBlob, type ShownKind, shownKind } from "./signed-url.js";

interface BlobViewProps {
  readonly object: string;
  readonly blob: ObjectBlob;
}

/** Images of up to so many bytes are shown unasked. */
const unaskedMax = 2 * 1024 * 1024;

export function BlobView({ object, blob }: BlobViewProps) {
  const { details, property, url: elsewhere, value } = blob;
  const { filename, mime_type: declared, size_bytes: bytes } = details;
  return (
    <figure class="blob">
      <figcaption>
        <Text max={120}>{filename ?? property}</Text>{" "}
        <span class="soft">
          <Text max={80}>{property}</Text> · {size(bytes)}
          {declared !== undefined && (
            <>
              {" · "}
              <Text max={80}>{declared}</Text>
            </>
          )}
        </span>
      </figcaption>
      {elsewhere !== undefined && (
        <p class="soft">
          at <Text max={500}>{elsewhere}</Text>, which was never fetched
        </p>
      )}
      {value !== undefined && <Value value={value} />}
      {elsewhere === undefined && value === undefined && <Stored object={object} blob={blob} />}
    </figure>
  );
}

/** One whose bytes are here. */
function Stored({ object, blob }: BlobViewProps) {
  const { id: bucket, moment: asOf } = useBucket();
  const objects = useNamespace().objects(bucket);
  const { filename, mime_type: declared, size_bytes: bytes } = blob.details;
  const name = filename ?? blob.property;
  const kind = shownKind(declared);
  const [url, setUrl] = useState<string>();
  const askUrl = () => askSignedUrl(objects, { object, blobId: blob.blob_id, asOf });
  const show = useAction(async () => setUrl(await askUrl()));
  const save = useAction(async () => download(await askUrl(), name));
  const isUnasked = isShownUnasked(kind, bytes);
  useEffect(() => {
    if (isUnasked) void show.run();
  }, [isUnasked]);
  const error = show.error ?? save.error;
  return (
    <>
      {url !== undefined && kind === "text" && <TextOf name={name} url={url} bytes={bytes} />}
      {url !== undefined && kind !== undefined && kind !== "text" && (
        <Player kind={kind} name={name} url={url} askUrl={askUrl} />
      )}
      {error !== undefined && <Failure error={error} />}
      <p class="actions">
        {kind !== undefined && url === undefined && !isUnasked && (
          <button type="button" disabled={show.isRunning} onClick={show.run}>
            Show<span class="unseen"> {name}</span>
          </button>
        )}
        <button type="button" disabled={save.isRunning} onClick={save.run}>
          Save<span class="unseen"> {name}</span>
        </button>
      </p>
    </>
  );
}

/** Players fetch no more than they play. */
function isShownUnasked(kind: ShownKind | undefined, bytes: number): boolean {
  return kind === "audio" || kind === "video" || (kind === "image" && bytes <= unaskedMax);
}

const textBytesMax = 20_000;

interface TextOfProps {
  readonly name: string;
  readonly url: string;
  readonly bytes: number;
}

function TextOf({ name, url, bytes }: TextOfProps) {
  const [text, setText] = useState<string>();
  const read = useAction(async () => setText(await readBeginning(url, bytes)));
  useEffect(() => {
    void read.run();
  }, [url]);
  if (read.error !== undefined) return <Failure error={read.error} again={read.run} />;
  if (text === undefined) return null;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is scrolled by keyboard as well.
    <section class="blob-text" tabIndex={0} aria-label={name}>
      <pre>
        <Text max={textBytesMax}>{text}</Text>
        {bytes > textBytesMax && (
          <span class="soft"> … {size(bytes - textBytesMax)} more, not shown</span>
        )}
      </pre>
    </section>
  );
}

async function readBeginning(url: string, bytes: number): Promise<string> {
  const headers = { Range: `bytes=0-${textBytesMax - 1}` };
  const response = await fetch(url, bytes > textBytesMax ? { headers } : {});
  if (!response.ok) throw new Error(`the server answered ${response.status}.`);
  return await response.text();
}
