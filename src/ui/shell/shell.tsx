/** What is around every page: where one is, the search, whether it is live, and who looks. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { useCell } from "../cell.js";
import { address, navigate } from "../route/place.js";
import { follow, live } from "../session/live.js";
import { reach, signOut, useSession } from "../session/session.js";
import { Tabs } from "../show/tabs.js";
import { Time } from "../show/time.js";
import { KeyList, moveAmongRows, useKey } from "./keys.js";
import { ThemeButton } from "./theme.js";

/** By the first word of their addresses. */
const sections = [
  ["buckets", "Buckets"],
  ["activity", "Activity"],
  ["audit", "Audit"],
  ["tasks", "Tasks"],
  ["connections", "Connections"],
  ["tokens", "Tokens"],
  ["health", "Health"],
] as const;

interface ShellProps {
  readonly namespace: string;
  /** The first word of the path behind the namespace. */
  readonly section: string;
  /** Where the log ended before anything was shown, as far as that is known. */
  readonly end: number | undefined;
  readonly children: ComponentChildren;
}

export function Shell({ namespace, section, end, children }: ShellProps) {
  const { store, token } = useSession();
  // Once for each namespace: what the end of the log is later on, the feed itself knows.
  useEffect(() => follow(store, namespace, end), [store, namespace]);
  useKey("j", "next row", () => moveAmongRows(1));
  useKey("k", "row before", () => moveAmongRows(-1));
  return (
    <>
      <button type="button" class="skip" onClick={() => document.getElementById("main")?.focus()}>
        Skip to the content
      </button>
      <header class="shell">
        <a class="brand" href={address([namespace, "buckets"])}>
          bucketlog
        </a>
        <a class="namespace" title="Namespaces" href={address([namespace, "namespaces"])}>
          <span class="unseen">Namespace </span>
          {namespace} <span aria-hidden="true">▾</span>
        </a>
        <Search namespace={namespace} />
        <LiveMark />
        <ThemeButton />
        {token !== undefined && (
          <button type="button" class="plain" onClick={signOut}>
            Sign out
          </button>
        )}
      </header>
      <Tabs label="Sections" current={section}>
        {sections.map(([path, name]) => (
          <a
            key={path}
            href={address([namespace, path])}
            aria-current={path === section ? "page" : undefined}
          >
            {name}
          </a>
        ))}
        <a href="../docs/">Docs</a>
      </Tabs>
      <main id="main" tabIndex={-1}>
        {children}
      </main>
      <KeyList />
    </>
  );
}

function Search({ namespace }: { readonly namespace: string }) {
  const input = useRef<HTMLInputElement>(null);
  useKey("/", "search", () => input.current?.focus());
  return (
    <search>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const text = input.current?.value.trim() ?? "";
          navigate(searchAddress(namespace, text));
        }}
      >
        <input
          ref={input}
          type="search"
          placeholder="Search buckets, any id, or: by ana"
          aria-label="Search buckets"
        />
        <kbd>/</kbd>
      </form>
    </search>
  );
}

/** The pages of what has one without its bucket, by the beginnings of their ids. */
const pagesById: Readonly<Record<string, string>> = {
  bkt: "buckets",
  conn: "connections",
  task: "tasks",
};

/**
 * Where what is searched for is: an id leads to its page, that of what lies in a bucket to what
 * happened to it; `by ana` to what she did; other words to the list.
 */
function searchAddress(namespace: string, text: string): string {
  const actor = /^by[: ]+(.+)$/i.exec(text)?.[1];
  if (actor !== undefined) return address([namespace, "activity"], { actor });
  const kind = /^([a-z]+)_[0-9a-z]{26}$/.exec(text)?.[1];
  if (kind === undefined) return address([namespace, "buckets"], { search: text });
  const page = pagesById[kind];
  if (page !== undefined) return address([namespace, page, text]);
  return address([namespace, "audit"], { resource_id: text });
}

function LiveMark() {
  const state = useCell(live);
  const { isThere, since } = useCell(reach);
  const shown = !isThere ? "away" : state;
  return (
    <span class="live" data-state={shown} role="status">
      <span class="dot" aria-hidden="true" />
      {shown === "away" ? (
        <>
          away since <Time at={since} isExact />
        </>
      ) : (
        shown
      )}
    </span>
  );
}
