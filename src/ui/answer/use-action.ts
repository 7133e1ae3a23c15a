/** Doing something that may be refused, once at a time. */
import { useCallback, useState } from "preact/hooks";
import type { BucketsError } from "../../client/index.js";
import { toError } from "./use-answer.js";

export interface Action<Args extends readonly unknown[]> {
  readonly isRunning: boolean;
  /** Of the last try. */
  readonly error: BucketsError | undefined;
  readonly run: (...args: Args) => Promise<void>;
  readonly forget: () => void;
}

export function useAction<Args extends readonly unknown[]>(
  act: (...args: Args) => Promise<void>,
): Action<Args> {
  const [state, setState] = useState<Pick<Action<Args>, "isRunning" | "error">>(idle);
  const run = async (...args: Args) => {
    if (state.isRunning) return;
    setState({ isRunning: true, error: undefined });
    try {
      await act(...args);
      setState(idle);
    } catch (error) {
      setState({ isRunning: false, error: toError(error) });
    }
  };
  const forget = useCallback(() => setState(idle), []);
  return { ...state, run, forget };
}

const idle = { isRunning: false, error: undefined };
