/** Saves the proof that an event is in the log, for who trusts neither the page nor the server. */
import { Failure } from "../../answer/failure.js";
import { useAction } from "../../answer/use-action.js";
import { useNamespace } from "../../session/namespace.js";
import { save } from "../../show/save.js";
import { useBucket } from "./use-bucket.js";

export function ProofButton({ version }: { readonly version: number }) {
  const { id } = useBucket();
  const { buckets } = useNamespace();
  const { run, isRunning, error } = useAction(async () => {
    save(`${id}-v${version}.tlog-proof`, [await buckets.proof(id, version)], "text/plain");
  });
  return (
    <>
      <button
        type="button"
        class="plain small"
        aria-label={`Proof of version ${version}`}
        disabled={isRunning}
        onClick={run}
      >
        Proof
      </button>
      {error !== undefined && <Failure error={error} />}
    </>
  );
}
