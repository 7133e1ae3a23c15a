/** What the log has signed: the note that proves, to whoever holds it, that nothing was cut off. */
import { isBucketsError } from "../../../client/index.js";
import { Answered } from "../../answer/answered.js";
import { Failure } from "../../answer/failure.js";
import { useAction } from "../../answer/use-action.js";
import { useAnswer } from "../../answer/use-answer.js";
import { useSession } from "../../session/session.js";
import { counted } from "../../show/numbers.js";
import { Text } from "../../show/text.js";
import { Time } from "../../show/time.js";

export function Checkpoint() {
  const { store } = useSession();
  const answer = useAnswer(async () => {
    try {
      return { newest: await store.proofs.checkpoint() };
    } catch (error) {
      if (isBucketsError(error) && error.code === "NOT_FOUND") return { newest: undefined };
      throw error;
    }
  }, [store]);
  const sign = useAction(async () => {
    await store.proofs.sign();
    answer.reload();
  });
  return (
    <section aria-labelledby="checkpoint-title">
      <h2 id="checkpoint-title">Checkpoint</h2>
      <Answered answer={answer} lines={3}>
        {({ newest }) =>
          newest === undefined ? (
            <p class="soft">Nothing was signed yet.</p>
          ) : (
            <>
              <p class="soft">
                {counted(newest.size, "event")} signed as{" "}
                <strong>
                  <Text>{newest.origin}</Text>
                </strong>{" "}
                <Time at={newest.signed_at} />
                {newest.cosigned_by.length > 0 && `, also by ${newest.cosigned_by.join(", ")}`}
              </p>
              <pre class="command">
                <Text>{newest.note}</Text>
              </pre>
            </>
          )
        }
      </Answered>
      <p>
        <button type="button" disabled={sign.isRunning} onClick={sign.run}>
          Sign the log as it is now
        </button>
      </p>
      {sign.error !== undefined && <Failure error={sign.error} />}
    </section>
  );
}
