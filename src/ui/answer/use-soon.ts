/** Does something once for all that ask for it within a moment. */
import { useCallback, useEffect, useRef } from "preact/hooks";

const soonMs = 100;

export function useSoon(act: () => void): () => void {
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const newest = useRef(act);
  newest.current = act;
  useEffect(() => () => clearTimeout(timer.current), []);
  return useCallback(() => {
    timer.current ??= setTimeout(() => {
      timer.current = undefined;
      newest.current();
    }, soonMs);
  }, []);
}
