/**
 * What happens while the page is open: one feed for the namespace, from where the log ended when it
 * was opened, which resumes by itself after the server was away.
 */
import { useEffect, useRef } from "preact/hooks";
import type { BucketStore, FeedEvent } from "../../client/index.js";
import { Cell } from "../cell.js";
import { endOfLog } from "./end-of-log.js";

export type LiveState = "live" | "off";

/** Whether events come in. */
export const live = new Cell<LiveState>("off");

const listeners = new Set<(event: FeedEvent) => void>();

/** Calls back with each event of the namespace that is committed from now on. */
export function useLive(listen: (event: FeedEvent) => void): void {
  const latest = useRef(listen);
  latest.current = listen;
  useEffect(() => {
    const call = (event: FeedEvent) => latest.current(event);
    listeners.add(call);
    return () => {
      listeners.delete(call);
    };
  }, []);
}

/**
 * Follows the namespace until what it returns is called.
 * @param end where the log ended before anything was shown of it, as far as that is known.
 */
export function follow(store: BucketStore, namespace: string, end: number | undefined): () => void {
  const ending = new AbortController();
  void pump(store, namespace, end, ending.signal);
  return () => ending.abort();
}

async function pump(
  store: BucketStore,
  namespace: string,
  end: number | undefined,
  signal: AbortSignal,
): Promise<void> {
  try {
    const position = end ?? (await endOfLog(store, namespace));
    if (signal.aborted) return;
    live.set("live");
    for await (const event of store.events({ after: position, namespace, signal })) {
      for (const listener of [...listeners]) listener(event);
    }
  } catch {
    // The page goes on without; what it is asked for says what is wrong.
  }
  if (!signal.aborted) live.set("off");
}
