/** A page whose script is loaded when it is first shown: the first view does without it. */
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { BucketsError } from "../../client/index.js";
import { Skeleton } from "../answer/answered.js";
import { Failure } from "../answer/failure.js";
import { toError } from "../answer/use-answer.js";

export function later<Props extends object>(
  load: () => Promise<ComponentType<Props>>,
): ComponentType<Props> {
  let loaded: ComponentType<Props> | undefined;
  return function Later(props: Props) {
    const [, redraw] = useState(0);
    const [round, setRound] = useState(0);
    const [error, setError] = useState<BucketsError>();
    useEffect(() => {
      if (loaded !== undefined) return;
      setError(undefined);
      load().then(
        (Page) => {
          loaded = Page;
          redraw((last) => last + 1);
        },
        (reason) => setError(toError(reason)),
      );
    }, [round]);
    const Page = loaded;
    if (Page !== undefined) return <Page {...props} />;
    if (error === undefined) return <Skeleton lines={8} />;
    return <Failure error={error} again={() => setRound((last) => last + 1)} />;
  };
}
