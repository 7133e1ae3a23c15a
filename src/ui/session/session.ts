/**
 * Who is looking: the token, kept in memory, or until the tab is closed where the reader asks for
 * that, and the client made of it. Nothing of it is ever in an address or a cookie.
 */
import { type BucketStore, connectBuckets } from "../../client/index.js";
import { Cell, useCell } from "../cell.js";
import { serverUrl } from "../route/place.js";

export interface Session {
  /** Undefined for a server that asks for none. */
  readonly token: string | undefined;
  /** What people write is for the server to look at. */
  readonly store: BucketStore<unknown>;
}

const storageKey = "bucketlog.token";

/** Whether the server answers, and since when it has been as it is. */
export interface Reach {
  readonly isThere: boolean;
  readonly since: number;
}

export const reach = new Cell<Reach>({ isThere: true, since: Date.now() });

function noteReach(isThere: boolean): void {
  if (reach.value.isThere !== isThere) reach.set({ isThere, since: Date.now() });
}

const observedFetch: typeof fetch = async (...sent) => {
  try {
    const response = await fetch(...sent);
    noteReach(true);
    return response;
  } catch (error) {
    const isOurs = error instanceof DOMException && error.name === "AbortError";
    if (!isOurs) noteReach(false);
    throw error;
  }
};

function sessionOf(token: string | undefined): Session {
  const store = connectBuckets<unknown>({
    baseUrl: serverUrl,
    retries: 1,
    fetch: observedFetch,
    ...(token !== undefined && { token }),
  });
  return { token, store };
}

/** One that came with the address, behind the `#` that no server sees, or that the tab keeps. */
function firstToken(): string | undefined {
  const given = new URLSearchParams(window.location.hash.slice(1)).get("token");
  if (given === null) return sessionStorage.getItem(storageKey) ?? undefined;
  history.replaceState(null, "", window.location.pathname + window.location.search);
  return given;
}

const session = new Cell(sessionOf(firstToken()));

export function useSession(): Session {
  return useCell(session);
}

/** @param isKept whether the tab keeps it when it is loaded anew. */
export function signIn(token: string, isKept: boolean): void {
  if (isKept) sessionStorage.setItem(storageKey, token);
  replace(token);
}

export function signOut(): void {
  sessionStorage.removeItem(storageKey);
  replace(undefined);
}

function replace(token: string | undefined): void {
  const { store } = session.value;
  session.set(sessionOf(token));
  void store.close();
}
