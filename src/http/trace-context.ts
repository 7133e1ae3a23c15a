/** The trace that a request belongs to (W3C Trace Context, section 3.2). */

const pattern = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?$/;

/**
 * The trace id of a `traceparent`; undefined when there is none that is valid. A bad one is ignored
 * and never a refusal: tracing must not break what it observes.
 */
export function readTraceId(header: string): string | undefined {
  const [, version, traceId, parentId, rest] = pattern.exec(header) ?? [];
  if (traceId === undefined || parentId === undefined || version === "ff") return undefined;
  // Version 00 ends after the flags; later versions may go on.
  if (version === "00" && rest !== undefined) return undefined;
  return isZero(traceId) || isZero(parentId) ? undefined : traceId;
}

function isZero(id: string): boolean {
  return /^0+$/.test(id);
}
