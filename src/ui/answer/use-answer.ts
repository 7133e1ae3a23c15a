/** Asking the server for something to show, and what there is to show meanwhile. */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { BucketsError, isBucketsError } from "../../client/index.js";

/** What was asked for: the last answer stays while another one is asked for, or fails. */
export interface Answer<T> {
  /** Undefined until the first answer. */
  readonly data: T | undefined;
  readonly error: BucketsError | undefined;
  /** From the drawing on that asks for something else: what is shown then is what was asked for before. */
  readonly isLoading: boolean;
  /** When the data arrived, milliseconds. */
  readonly at: number;
  readonly reload: () => void;
}

/**
 * Asks at once, and again when what it depends on changes.
 *
 * @param dependencies what the question is made of.
 * @param subject what the answer is about: that of another subject is not shown meanwhile.
 */
export function useAnswer<T>(
  ask: () => Promise<T>,
  dependencies: readonly unknown[],
  subject = "",
): Answer<T> {
  const [state, setState] = useState<Omit<Answer<T>, "reload">>(nothingYet);
  const [round, setRound] = useState(0);
  const shown = useRef(subject);
  const question = [...dependencies, subject, round];
  const asked = useRef<readonly unknown[]>(question);
  const isAsked = question.every((part, index) => Object.is(part, asked.current[index]));
  useEffect(() => {
    asked.current = question;
    let isWanted = true;
    const isSame = shown.current === subject;
    shown.current = subject;
    setState((last) => (isSame ? { ...last, isLoading: true, error: undefined } : nothingYet));
    ask().then(
      (data) => {
        if (isWanted) setState({ data, error: undefined, isLoading: false, at: Date.now() });
      },
      (error) => {
        if (isWanted) setState((last) => ({ ...last, error: toError(error), isLoading: false }));
      },
    );
    return () => {
      isWanted = false;
    };
  }, question);
  const reload = useCallback(() => setRound((last) => last + 1), []);
  return { ...state, isLoading: state.isLoading || !isAsked, reload };
}

const nothingYet = { data: undefined, error: undefined, isLoading: true, at: 0 };

/** Whatever went wrong, as the one error that the page can show. */
export function toError(error: unknown): BucketsError {
  if (isBucketsError(error)) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new BucketsError("INTERNAL", `The page could not do this: ${message}`);
}
