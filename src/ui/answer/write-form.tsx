/** The end of every sheet that writes: the reason, what went wrong, and the button that says what it does. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { Failure } from "./failure.js";
import { Missed } from "./missed.js";
import { useAction } from "./use-action.js";

interface WriteFormProps {
  /** What the button does, in words. */
  readonly effect: string;
  readonly isReady?: boolean;
  readonly write: (reason: string) => Promise<void>;
  /** Looks again at what there is now, after somebody else was faster. */
  readonly lookAgain: () => void | Promise<void>;
  readonly close: () => void;
  readonly children?: ComponentChildren;
}

const reasonMax = 1_000;

export function WriteForm(props: WriteFormProps) {
  const { effect, isReady = true, write, lookAgain, close, children } = props;
  const [reason, setReason] = useState("");
  const { run, isRunning, error, forget } = useAction(async (why: string) => {
    await write(why);
    close();
  });
  const wasMissed = error?.code === "PRECONDITION_FAILED";
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void run(reason.trim());
      }}
    >
      {children}
      <label>
        Why
        <input
          required
          maxLength={reasonMax}
          pattern=".*\S.*"
          placeholder="kept with the change"
          value={reason}
          onInput={(event) => setReason(event.currentTarget.value)}
        />
      </label>
      {error !== undefined &&
        (wasMissed ? (
          <Missed
            error={error}
            lookAgain={async () => {
              await lookAgain();
              forget();
            }}
          />
        ) : (
          <Failure error={error} />
        ))}
      <footer>
        <button type="button" onClick={close}>
          Cancel
        </button>
        <button type="submit" class="primary" disabled={!isReady || isRunning || wasMissed}>
          {isRunning ? "…" : effect}
        </button>
      </footer>
    </form>
  );
}
