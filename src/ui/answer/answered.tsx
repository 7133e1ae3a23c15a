/** An answer in all its states: not yet, there, failed, and there but from before. */
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { BucketsError } from "../../client/index.js";
import { Time } from "../show/time.js";
import { Failure } from "./failure.js";
import type { Answer } from "./use-answer.js";

interface AnsweredProps<T> {
  readonly answer: Answer<T>;
  /** How many lines the skeleton has: about as high as what comes. */
  readonly lines?: number;
  readonly children: (data: T) => ComponentChildren;
}

export function Answered<T>({ answer, lines = 6, children }: AnsweredProps<T>) {
  const { data, error, at, reload } = answer;
  if (data === undefined) {
    return error === undefined ? (
      <Skeleton lines={lines} />
    ) : (
      <Failure error={error} again={reload} />
    );
  }
  if (error === undefined) return <>{children(data)}</>;
  return (
    <Stale error={error} at={at} again={reload}>
      {children(data)}
    </Stale>
  );
}

interface StaleProps {
  readonly error: BucketsError;
  readonly at: number;
  readonly again: () => void;
  readonly children: ComponentChildren;
}

/** The last answer, greyed: that of a server that is away now. Another refusal goes above it. */
export function Stale({ error, at, again, children }: StaleProps) {
  const isAway = error.code === "UNREACHABLE";
  return (
    <>
      {isAway ? (
        <p class="note warning" role="status">
          The server cannot be reached. This is from <Time at={at} />.{" "}
          <button type="button" class="plain" onClick={again}>
            Try again
          </button>
        </p>
      ) : (
        <Failure error={error} again={again} />
      )}
      <div class={isAway ? "stale" : ""}>{children}</div>
    </>
  );
}

const patienceMs = 150;

/** Nothing for a moment, so that what is quick does not flicker; then grey lines. */
export function Skeleton({ lines }: { readonly lines: number }) {
  const [isShown, setShown] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setShown(true), patienceMs);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div class="skeleton" role="status" aria-label="Loading" data-shown={isShown}>
      {Array.from({ length: lines }, (_, index) => (
        <div key={index} class="skeleton-line" />
      ))}
    </div>
  );
}
