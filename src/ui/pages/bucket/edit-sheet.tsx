/** Changes the document: written as JSON, then shown as the patch that is sent, with what it changes. */
import { useState } from "preact/hooks";
import {
  diff,
  formatDiff,
  isBucketsError,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type PatchMediaType,
} from "../../../client/index.js";
import { Answered } from "../../answer/answered.js";
import { Missed } from "../../answer/missed.js";
import { useAnswer } from "../../answer/use-answer.js";
import { WriteForm } from "../../answer/write-form.js";
import { useNamespace } from "../../session/namespace.js";
import { Changes } from "../../show/changes.js";
import { counted } from "../../show/numbers.js";
import { Sheet } from "../../show/sheet.js";
import { Text } from "../../show/text.js";
import { documentOf } from "./document.js";
import { JsonEditor } from "./json-editor.js";
import { useBucket } from "./use-bucket.js";

interface Base {
  readonly version: number;
  readonly document: JsonObject;
}

export function EditSheet({ close }: { readonly close: () => void }) {
  const { id, read } = useBucket();
  const { buckets } = useNamespace();
  // What the reader began with: it stays, whatever happens meanwhile.
  const [base, setBase] = useState<Base>({
    version: read.version,
    document: documentOf(read.bucket),
  });
  const original = JSON.stringify(base.document, null, 2);
  const [text, setText] = useState(original);
  const [isReviewed, setReviewed] = useState(false);
  const parsed = parse(text);
  // The patch stays what the reader changed; it is meant for what there is by then.
  const lookAgain = async () => {
    const { version } = await buckets.get(id);
    setBase({ version, document: base.document });
  };
  return (
    <Sheet
      title={`Edit ${read.bucket.bucket_name}`}
      close={close}
      isWide
      isGuarded={text !== original}
    >
      {isReviewed && parsed.document !== undefined ? (
        <Review
          base={base}
          document={parsed.document}
          back={() => setReviewed(false)}
          lookAgain={lookAgain}
          close={close}
        />
      ) : (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            setReviewed(true);
          }}
        >
          <JsonEditor original={original} text={text} onChange={setText} />
          {parsed.fault !== undefined && (
            <p class="wrong" role="alert">
              {parsed.fault}
            </p>
          )}
          <footer>
            <button type="button" onClick={close}>
              Cancel
            </button>
            <button
              type="submit"
              class="primary"
              disabled={parsed.document === undefined || text === original}
            >
              Review the change
            </button>
          </footer>
        </form>
      )}
    </Sheet>
  );
}

interface Parsed {
  readonly document?: JsonObject;
  readonly fault?: string;
}

function parse(text: string): Parsed {
  try {
    const document: unknown = JSON.parse(text);
    return isJsonObject(document) ? { document } : { fault: "A document is a JSON object." };
  } catch (error) {
    return { fault: error instanceof Error ? error.message : String(error) };
  }
}

const formats = {
  "merge-patch": { label: "merge patch (RFC 7396)", mediaType: "application/merge-patch+json" },
  "json-patch": { label: "JSON patch (RFC 6902)", mediaType: "application/json-patch+json" },
} as const satisfies Readonly<Record<string, { label: string; mediaType: PatchMediaType }>>;
type Format = keyof typeof formats;

interface ReviewProps {
  readonly base: Base;
  readonly document: JsonObject;
  readonly back: () => void;
  readonly lookAgain: () => Promise<void>;
  readonly close: () => void;
}

function Review({ base, document, back, lookAgain, close }: ReviewProps) {
  const { id, reload } = useBucket();
  const { buckets } = useNamespace();
  const changes = diff(base.document, document);
  const merge = patchAs("merge-patch");
  const [wanted, setFormat] = useState<Format>("merge-patch");
  const format = merge === undefined ? "json-patch" : wanted;
  const patch = patchAs(format) ?? [];
  const { mediaType } = formats[format];
  const preview = useAnswer(
    () =>
      buckets.patch(id, patch, { mediaType, dryRun: true, strict: true, ifVersion: base.version }),
    [buckets, id, base, format],
  );

  /** Undefined where the format cannot say it: a merge patch cannot set anything to null. */
  function patchAs(name: Format): JsonValue | undefined {
    try {
      return formatDiff(changes, name);
    } catch (error) {
      if (isBucketsError(error)) return undefined;
      throw error;
    }
  }

  return (
    <div class="review">
      <p>
        <button type="button" class="small" onClick={back}>
          Back to the editor
        </button>
      </p>
      <label class="soft">
        Sent as{" "}
        <select
          value={format}
          onChange={({ currentTarget }) =>
            setFormat(currentTarget.value === "json-patch" ? "json-patch" : "merge-patch")
          }
        >
          {merge !== undefined && (
            <option value="merge-patch">{formats["merge-patch"].label}</option>
          )}
          <option value="json-patch">{formats["json-patch"].label}</option>
        </select>
      </label>
      <pre class="command">
        <Text max={20_000}>{JSON.stringify(patch, null, 2)}</Text>
      </pre>
      {preview.error?.code === "PRECONDITION_FAILED" ? (
        <Missed error={preview.error} lookAgain={lookAgain} />
      ) : (
        <Answered answer={preview} lines={4}>
          {({ changes: seen, version }) =>
            seen.length === 0 ? (
              <p class="soft">Nothing would change.</p>
            ) : (
              <WriteForm
                effect={`Change ${counted(seen.length, "field")} as version ${version}`}
                write={async (reason) => {
                  const options = { mediaType, reason, strict: true, ifVersion: base.version };
                  await buckets.patch(id, patch, options);
                  reload();
                }}
                lookAgain={lookAgain}
                close={close}
              >
                <p class="soft">This would change:</p>
                <Changes changes={seen} />
              </WriteForm>
            )
          }
        </Answered>
      )}
    </div>
  );
}
