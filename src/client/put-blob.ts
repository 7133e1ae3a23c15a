/**
 * Sends a Blob by XMLHttpRequest, where a page has it: `fetch` tells no progress of what it sends, and
 * browsers stream to no server that speaks HTTP/1.1.
 */
import type { ReceiveOptions } from "../api/index.js";

/** As much of it as is needed here; the types of Node know none. */
interface SendingRequest extends EventTarget {
  readonly status: number;
  readonly responseText: string;
  readonly upload: EventTarget;
  open(method: string, url: string): void;
  setRequestHeader(name: string, value: string): void;
  getResponseHeader(name: string): string | null;
  send(body: Blob): void;
  abort(): void;
}

declare const XMLHttpRequest: (new () => SendingRequest) | undefined;

export function canPutBlobs(): boolean {
  return typeof XMLHttpRequest !== "undefined";
}

interface PutOptions extends ReceiveOptions {
  readonly signal: AbortSignal;
}

/** The answer, as `fetch` would give it. @throws as `fetch` does. */
export function putBlob(
  url: string,
  contentType: string,
  blob: Blob,
  { onProgress, signal }: PutOptions,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    if (XMLHttpRequest === undefined) throw new TypeError("There is no XMLHttpRequest here.");
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    const on = (event: string, act: () => void) => request.addEventListener(event, act);
    on("load", () => resolve(responseOf(request)));
    on("error", () => reject(new TypeError("the connection failed")));
    on("abort", () => reject(signal.reason));
    on("loadend", () => signal.removeEventListener("abort", abort));
    request.upload.addEventListener("progress", (event) => {
      if ("loaded" in event && typeof event.loaded === "number") onProgress?.(event.loaded);
    });
    signal.addEventListener("abort", abort);
    request.open("PUT", url);
    request.setRequestHeader("Content-Type", contentType);
    request.send(blob);
  });
}

function responseOf(request: SendingRequest): Response {
  const { status, responseText: text } = request;
  const present = ["Content-Type", "Retry-After"].flatMap((name): [string, string][] => {
    const value = request.getResponseHeader(name);
    return value === null ? [] : [[name, value]];
  });
  return new Response(text === "" ? null : text, { status, headers: present });
}
