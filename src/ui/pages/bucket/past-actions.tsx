/** What can be done with a version that is shown: compared with now, and put back. */
import { useCallback, useState } from "preact/hooks";
import type { PutBack } from "../../answer/put-back-sheet.js";
import { address, navigate } from "../../route/place.js";
import { useKey } from "../../shell/keys.js";
import { BucketPutBack } from "./bucket-put-back.js";
import { useBucket } from "./use-bucket.js";

export function PastActions() {
  const { id, namespace, read, latest, deletion } = useBucket();
  const [putBack, setPutBack] = useState<PutBack>();
  const { version } = read;
  const newest = deletion === undefined ? latest.version : latest.version - 1;
  const href = address([namespace, "buckets", id, "compare"], {
    from: String(version),
    to: String(newest),
  });
  const ask = useCallback(() => {
    if (deletion === undefined) setPutBack({ kind: "version", version, fields: undefined });
  }, [version, deletion]);
  const compare = useCallback(() => navigate(href), [href]);
  useKey("d", "compare what is shown with now", compare);
  useKey("r", "put back what is shown", ask);
  return (
    <>
      <a class="button" href={href}>
        Compare with now <kbd>d</kbd>
      </a>
      {deletion === undefined && (
        <button type="button" class="button" onClick={ask}>
          Put back <kbd>r</kbd>
        </button>
      )}
      {putBack !== undefined && (
        <BucketPutBack putBack={putBack} close={() => setPutBack(undefined)} />
      )}
    </>
  );
}
