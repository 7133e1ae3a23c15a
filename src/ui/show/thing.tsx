/** One thing by itself: its name, how it is, what can be done with it, and what there is of it. */
import type { ComponentChildren } from "preact";
import type { HistoryEntry } from "../../client/index.js";
import { Actor } from "./actor.js";
import { Status } from "./status.js";
import { Text } from "./text.js";
import { Time } from "./time.js";

interface ThingProps {
  readonly name: string;
  readonly status?: string | undefined;
  /** The event that deleted it, where it is gone by now. */
  readonly deletion?: HistoryEntry | undefined;
  /** The list that it is one of. */
  readonly all: { readonly href: string; readonly label: string };
  /** Its heading is the first of the page, unless it stands in a bucket. */
  readonly isAlone?: boolean;
  readonly actions?: ComponentChildren;
  readonly children: ComponentChildren;
}

export function Thing(props: ThingProps) {
  const { name, status, deletion, all, isAlone = false, actions, children } = props;
  const Heading = isAlone ? "h1" : "h2";
  return (
    <section class="page" aria-labelledby="thing-title">
      <div class="title">
        <Heading id="thing-title">
          <Text max={255}>{name}</Text>
        </Heading>
        {deletion !== undefined && (
          <span class="badge bad">
            deleted <Time at={deletion.recorded_at} /> by <Actor name={deletion.actor} />
          </span>
        )}
        {status !== undefined && deletion === undefined && <Status status={status} />}
        <span class="grow" />
        <div class="actions">{actions}</div>
        <a href={all.href}>{all.label}</a>
      </div>
      {children}
    </section>
  );
}
