/** What an event changed: each field with what it was and what it is. */
import type { ComponentChildren } from "preact";
import type { Change } from "../../client/index.js";
import { counted } from "./numbers.js";
import { Text, visible } from "./text.js";
import { Value } from "./value.js";
import { type Piece, wordDiff } from "./words.js";

interface ChangesProps {
  readonly changes: readonly Change[];
  /** What stands before a field, such as a box to choose it by. */
  readonly before?: (change: Change) => ComponentChildren;
  /** Where more is told of a field. */
  readonly hrefOf?: (path: string) => string;
  /** What stands behind the path of a field, such as a button. */
  readonly behind?: (change: Change) => ComponentChildren;
}

const shownMax = 50;

export function Changes({ changes, before, hrefOf, behind }: ChangesProps) {
  const hidden = changes.length - shownMax;
  return (
    <ul class="changes">
      {changes.slice(0, shownMax).map((change) => (
        <li key={change.path} class="change" data-path={change.path}>
          <div class="change-path">
            {before?.(change)}
            <Path path={change.path} href={hrefOf?.(change.path)} />
            {behind?.(change)}
          </div>
          <ChangeLines change={change} />
        </li>
      ))}
      {hidden > 0 && <li class="soft">and {counted(hidden, "more field")}</li>}
    </ul>
  );
}

function Path({ path, href }: { readonly path: string; readonly href: string | undefined }) {
  const text = <Text max={200}>{path === "" ? "(everything)" : path}</Text>;
  if (href === undefined || path === "") return <code class="path">{text}</code>;
  return (
    <a class="path" href={href} title={`What happened to ${path}`}>
      <code>{text}</code>
    </a>
  );
}

function ChangeLines({ change }: { readonly change: Change }) {
  switch (change.op) {
    case "add":
      return (
        <Line kind="added">
          <Value value={change.value} />
        </Line>
      );
    case "remove":
      return (
        <Line kind="removed">
          <Value value={change.was} />
        </Line>
      );
    case "replace":
      return <Replaced was={change.was} value={change.value} />;
  }
}

type Replacement = Extract<Change, { readonly op: "replace" }>;

function Replaced({ was, value }: Pick<Replacement, "was" | "value">) {
  const words =
    typeof was === "string" && typeof value === "string" ? wordDiff(was, value) : undefined;
  return (
    <>
      <Line kind="removed">
        {words === undefined ? <Value value={was} /> : <Pieces pieces={words.was} />}
      </Line>
      <Line kind="added">
        {words === undefined ? <Value value={value} /> : <Pieces pieces={words.value} />}
      </Line>
    </>
  );
}

interface LineProps {
  readonly kind: "added" | "removed";
  readonly children: ComponentChildren;
}

const marks = { added: "+", removed: "−" } as const;
const words = { added: "now", removed: "was" } as const;

function Line({ kind, children }: LineProps) {
  const Tag = kind === "added" ? "ins" : "del";
  return (
    <Tag class={`line ${kind}`}>
      <span class="mark" aria-hidden="true">
        {marks[kind]}
      </span>
      <span class="unseen">{words[kind]} </span>
      <span class="line-value">{children}</span>
    </Tag>
  );
}

export function Pieces({ pieces }: { readonly pieces: readonly Piece[] }) {
  return (
    <bdi class="value string">
      "
      {pieces.map(({ text, isChanged }, index) => {
        const key = `${index} ${text.length}`;
        return isChanged ? (
          <mark key={key}>{visible(text)}</mark>
        ) : (
          <span key={key}>{visible(text)}</span>
        );
      })}
      "
    </bdi>
  );
}
