/** Puts a version of the bucket, some of its fields or one of its events back. */
import { type PutBack, PutBackSheet } from "../../answer/put-back-sheet.js";
import { useNamespace } from "../../session/namespace.js";
import { useBucket } from "./use-bucket.js";

interface BucketPutBackProps {
  readonly putBack: PutBack;
  readonly close: () => void;
}

export function BucketPutBack({ putBack, close }: BucketPutBackProps) {
  const { id, reload } = useBucket();
  const { buckets } = useNamespace();
  return (
    <PutBackSheet
      putBack={putBack}
      of={{
        id,
        get: () => buckets.get(id),
        revert: (body, options) => buckets.revert(id, body, options),
        done: reload,
      }}
      close={close}
    />
  );
}
