/** Ends a token, at once. */
import type { TokenAnswer } from "../../../client/index.js";
import { Failure } from "../../answer/failure.js";
import { useAction } from "../../answer/use-action.js";
import { useSession } from "../../session/session.js";
import { Sheet } from "../../show/sheet.js";

interface RevokeSheetProps {
  readonly token: TokenAnswer;
  readonly done: () => void;
  readonly close: () => void;
}

export function RevokeSheet({ token: { name }, done, close }: RevokeSheetProps) {
  const { store } = useSession();
  const { run, isRunning, error } = useAction(async () => {
    await store.tokens.revoke(name);
    done();
    close();
  });
  return (
    <Sheet title={`Revoke ${name}`} close={close}>
      <p>From that moment it opens nothing. What was done with it stays in the history.</p>
      {error !== undefined && <Failure error={error} />}
      <footer>
        <button type="button" onClick={close}>
          Cancel
        </button>
        <button type="button" class="primary" disabled={isRunning} onClick={() => void run()}>
          {isRunning ? "…" : `Revoke ${name}`}
        </button>
      </footer>
    </Sheet>
  );
}
