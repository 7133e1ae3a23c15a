/** A list that is asked for page by page, as far as it is scrolled. */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { BucketsError } from "../../client/index.js";
import { toError } from "./use-answer.js";

export interface Page<Row> {
  readonly rows: readonly Row[];
  /** Where the next page begins; undefined at the end. */
  readonly next: string | undefined;
  /** How many there are in all, where that is known. */
  readonly total?: number;
}

export interface Pages<Row> {
  readonly rows: readonly Row[];
  readonly total: number | undefined;
  readonly isLoading: boolean;
  /** Whether there is nothing behind the rows. */
  readonly isWhole: boolean;
  readonly error: BucketsError | undefined;
  /** When the last page arrived, milliseconds; 0 before. */
  readonly at: number;
  readonly more: () => void;
  readonly reload: () => void;
}

interface State<Row> {
  readonly rows: readonly Row[];
  readonly next: string | undefined;
  readonly total: number | undefined;
  readonly isLoading: boolean;
  readonly error: BucketsError | undefined;
  readonly at: number;
}

const empty = {
  rows: [],
  next: undefined,
  total: undefined,
  isLoading: true,
  error: undefined,
  at: 0,
};

/** @param dependencies what the question is made of: another one begins from the first page. */
export function usePages<Row>(
  ask: (cursor: string | undefined) => Promise<Page<Row>>,
  dependencies: readonly unknown[],
): Pages<Row> {
  const [state, setState] = useState<State<Row>>(empty);
  const [round, setRound] = useState(0);
  const current = useRef({ state, generation: 0 });
  current.current.state = state;

  const load = useCallback((cursor: string | undefined, generation: number) => {
    setState((last) => ({ ...last, isLoading: true, error: undefined }));
    ask(cursor).then(
      ({ rows, next, total }) => {
        if (generation !== current.current.generation) return;
        setState((last) => ({
          rows: cursor === undefined ? rows : [...last.rows, ...rows],
          next,
          total: total ?? last.total,
          isLoading: false,
          error: undefined,
          at: Date.now(),
        }));
      },
      (error) => {
        if (generation !== current.current.generation) return;
        setState((last) => ({ ...last, isLoading: false, error: toError(error) }));
      },
    );
  }, dependencies);

  useEffect(() => {
    current.current.generation += 1;
    setState((last) => (last.at === 0 ? last : { ...empty, rows: last.rows, at: last.at }));
    load(undefined, current.current.generation);
  }, [load, round]);

  const more = useCallback(() => {
    const { isLoading, next, error } = current.current.state;
    if (isLoading || next === undefined || error !== undefined) return;
    load(next, current.current.generation);
  }, [load]);
  const reload = useCallback(() => setRound((last) => last + 1), []);
  const { next, ...shown } = state;
  return { ...shown, isWhole: next === undefined && state.at > 0, more, reload };
}
