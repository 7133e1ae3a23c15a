/** How the store is, and the proof that nothing in it was altered. */
import { useState } from "preact/hooks";
import type { VerifyReport } from "../../../client/index.js";
import { Answered } from "../../answer/answered.js";
import { Failure } from "../../answer/failure.js";
import { useAction } from "../../answer/use-action.js";
import { useAnswer } from "../../answer/use-answer.js";
import { address } from "../../route/place.js";
import { useSession } from "../../session/session.js";
import { count, counted } from "../../show/numbers.js";
import { Text } from "../../show/text.js";
import { Time } from "../../show/time.js";
import { Checkpoint } from "./checkpoint.js";

export function HealthPage({ namespace }: { readonly namespace: string }) {
  const { store } = useSession();
  const answer = useAnswer(async () => {
    const [health, head] = await Promise.all([store.health(), store.head()]);
    return { health, head };
  }, [store]);
  return (
    <section class="page narrow" aria-labelledby="health-title">
      <h1 id="health-title">Health</h1>
      <Answered answer={answer}>
        {({ health, head }) => (
          <dl class="pairs">
            <div>
              <dt>takes requests</dt>
              <dd>
                {health.ready ? (
                  <span class="badge good">yes</span>
                ) : (
                  <span class="badge bad">no: {health.reason}</span>
                )}
              </dd>
            </div>
            <div>
              <dt>writes are</dt>
              <dd>{durabilities[health.durability]}</dd>
            </div>
            {health.checks.map(({ name, status, says }) => (
              <div key={name}>
                <dt>{name.replaceAll("_", " ")}</dt>
                <dd>
                  <span class={`badge ${checkMarks[status]}`}>{checkWords[status]}</span>{" "}
                  <Text>{says}</Text>
                </dd>
              </div>
            ))}
            <div>
              <dt>end of the log</dt>
              <dd>
                <a
                  class="version"
                  href={address([namespace, "buckets"], { as_of: `@${head.position}` })}
                >
                  {count(head.position)}
                </a>
                {head.recorded_at !== undefined && (
                  <>
                    {" · "}
                    <Time at={head.recorded_at} />
                  </>
                )}
                <br />
                <code class="hash">{head.hash}</code>
              </dd>
            </div>
          </dl>
        )}
      </Answered>
      <Verification />
      <Checkpoint />
    </section>
  );
}

const checkMarks = { pass: "good", warn: "warning", fail: "bad" } as const;
const checkWords = { pass: "well", warn: "look", fail: "fails" } as const;

const durabilities = {
  full: "on the disk before they are acknowledged",
  relaxed: "acknowledged before they are on the disk: a power cut may take the newest",
  none: "in memory alone",
} as const;

interface Progress {
  readonly done: number;
  readonly total: number;
}

function Verification() {
  const { store } = useSession();
  const [progress, setProgress] = useState<Progress>();
  const [report, setReport] = useState<VerifyReport>();
  const verify = useAction(async () => {
    setReport(undefined);
    setProgress({ done: 0, total: 0 });
    setReport(await store.verify({ onProgress: setProgress }));
  });
  return (
    <section aria-labelledby="verify-title">
      <h2 id="verify-title">Verify</h2>
      <p class="soft">
        Reads the whole log: every event is what was committed to, none is missing, the view is what
        the log says, and the bytes of every blob are there.
      </p>
      <p>
        <button type="button" class="primary" disabled={verify.isRunning} onClick={verify.run}>
          {verify.isRunning ? "Verifying …" : "Verify now"}
        </button>
      </p>
      {verify.isRunning && progress !== undefined && (
        <p>
          <progress
            aria-label="Verification"
            value={progress.done}
            max={Math.max(progress.total, 1)}
          />{" "}
          <span class="soft">
            {count(progress.done)} of {count(progress.total)}
          </span>
        </p>
      )}
      {verify.error !== undefined && <Failure error={verify.error} again={verify.run} />}
      {report !== undefined && <Report report={report} />}
    </section>
  );
}

function Report({ report }: { readonly report: VerifyReport }) {
  const { ok, events, head, fault, blobs } = report;
  return (
    <div class={`note ${ok ? "good" : "bad"}`} role="status">
      <p>
        <strong>{ok ? "Nothing was altered." : "This log is not what was written."}</strong>{" "}
        {counted(events, "event")} read
        {blobs !== undefined && `, ${counted(blobs.checked, "blob")} there`}.
      </p>
      {fault !== undefined && (
        <p>
          At position {fault.position}: {fault.problem}
        </p>
      )}
      <p>
        To prove later that nothing was cut off, note the head elsewhere:
        <br />
        <code class="hash">
          {head.position}:{head.hash}
        </code>
      </p>
    </div>
  );
}
