/** The document as a tree, with who set each field, when and why; what has changed since glows. */
import { useContext, useState } from "preact/hooks";
import { type BlameEntry, type Change, diff } from "../../../client/index.js";
import { useAnswer } from "../../answer/use-answer.js";
import { hrefWith } from "../../route/place.js";
import { useNamespace } from "../../session/namespace.js";
import { counted } from "../../show/numbers.js";
import { Text } from "../../show/text.js";
import { Time } from "../../show/time.js";
import { summaryOf, Value } from "../../show/value.js";
import { blameAt, type DocumentLine, documentOf, isRelated, linesOf } from "./document.js";
import { Hot } from "./hot.js";
import { useBucket } from "./use-bucket.js";

/** Long, and seldom what is looked for first. */
const foldedFirst = /^\/(bucket_schema|source_adapter)/;

export function DocumentTree() {
  const { id, read, asOf, deletion, latest, round } = useBucket();
  const { buckets } = useNamespace();
  const [toggled, setToggled] = useState<ReadonlySet<string>>(new Set());
  const isNow = asOf === undefined && deletion === undefined;
  const blame = useAnswer(
    () => buckets.blame(id, isNow ? {} : { asOf: String(read.version) }),
    [buckets, id, isNow, read.version, latest.version, round],
    id,
  );
  const since = useAnswer(
    async () => {
      if (isNow) return [];
      const newest = deletion === undefined ? undefined : String(latest.version - 1);
      const { bucket } = await buckets.get(id, { asOf: newest });
      return diff(documentOf(read.bucket), documentOf(bucket));
    },
    [buckets, id, isNow, read, round],
    id,
  );
  const isOpen = (pointer: string) => toggled.has(pointer) === foldedFirst.test(pointer);
  const toggle = (pointer: string) => {
    const next = new Set(toggled);
    if (!next.delete(pointer)) next.add(pointer);
    setToggled(next);
  };
  const lines = linesOf(documentOf(read.bucket), isOpen);
  const blamed = blame.data ?? {};
  const changes = since.data ?? [];
  const later = changes.filter(({ op }) => op === "add");
  return (
    <>
      <ul class="tree" aria-label="Fields">
        {lines.map((line) => (
          <Field
            key={line.pointer}
            line={line}
            blame={blameAt(blamed, line.pointer)}
            isPast={
              !line.isOpen &&
              changes.some(({ op, path }) => op !== "add" && isRelated(path, line.pointer))
            }
            toggle={() => toggle(line.pointer)}
          />
        ))}
      </ul>
      {later.length > 0 && <Later changes={later} />}
    </>
  );
}

interface FieldProps {
  readonly line: DocumentLine;
  readonly blame: BlameEntry | undefined;
  /** Whether it has changed since. */
  readonly isPast: boolean;
  readonly toggle: () => void;
}

function Field({ line, blame, isPast, toggle }: FieldProps) {
  const hot = useContext(Hot);
  const { key, depth, value, isBranch, isOpen } = line;
  const isHot = blame !== undefined && hot.version === blame.version;
  const light = () => hot.setVersion(blame?.version);
  const leave = () => hot.setVersion(undefined);
  return (
    <li
      class={`field ${isPast ? "past" : ""} ${isHot ? "hot" : ""}`}
      style={{ paddingInlineStart: `${8 + depth * 16}px` }}
      onPointerEnter={light}
      onPointerLeave={leave}
      onFocusCapture={light}
      onBlurCapture={leave}
    >
      {isBranch ? (
        <button type="button" class="field-key fold-key" aria-expanded={isOpen} onClick={toggle}>
          <span aria-hidden="true">{isOpen ? "▾" : "▸"}</span> <Text max={120}>{key}</Text>
        </button>
      ) : (
        <a
          class="field-key"
          href={hrefWith({ path: line.pointer })}
          title={`What happened to ${line.pointer}`}
        >
          <Text max={120}>{key}</Text>
        </a>
      )}
      <span class="field-value">
        {isBranch ? <span class="soft">{summaryOf(value)}</span> : <Value value={value} />}
        {isPast && <span class="unseen"> changed since</span>}
      </span>
      {blame !== undefined && !isOpen && <Blame entry={blame} />}
    </li>
  );
}

/** Who set a field; the reason comes with the pointer or the focus. */
function Blame({ entry }: { readonly entry: BlameEntry }) {
  const { version, actor, recorded_at: at, reason } = entry;
  return (
    <a class="blame" href={hrefWith({ as_of: String(version) })}>
      <Text max={30}>{actor}</Text> · v{version} · <Time at={at} />
      {reason !== undefined && (
        <span class="blame-reason">
          <Text max={300}>{reason}</Text>
        </span>
      )}
    </a>
  );
}

function Later({ changes }: { readonly changes: readonly Change[] }) {
  return (
    <details class="later">
      <summary>{counted(changes.length, "field")} came later</summary>
      <ul>
        {changes.map(({ path }) => (
          <li key={path}>
            <code>
              <Text max={200}>{path}</Text>
            </code>
          </li>
        ))}
      </ul>
    </details>
  );
}
