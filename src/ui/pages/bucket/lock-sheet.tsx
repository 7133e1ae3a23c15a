/** Makes the bucket read-only, for a while or until it is unlocked. */
import { useState } from "preact/hooks";
import { WriteForm } from "../../answer/write-form.js";
import { useNamespace } from "../../session/namespace.js";
import { Sheet } from "../../show/sheet.js";
import { useBucket } from "./use-bucket.js";

export function LockSheet({ close }: { readonly close: () => void }) {
  const { id, read, reload } = useBucket();
  const { buckets } = useNamespace();
  const [until, setUntil] = useState("");
  return (
    <Sheet title={`Lock ${read.bucket.bucket_name}`} close={close}>
      <WriteForm
        effect="Lock"
        write={async (reason) => {
          const expiry = until === "" ? {} : { expires_at: new Date(until).toISOString() };
          await buckets.lock(id, { reason, ...expiry }, { reason, ifVersion: read.version });
          reload();
        }}
        lookAgain={reload}
        close={close}
      >
        <p>It takes no changes, and none to what it holds, until it is unlocked.</p>
        <label>
          Until (optional)
          <input
            type="datetime-local"
            value={until}
            onInput={(event) => setUntil(event.currentTarget.value)}
          />
        </label>
      </WriteForm>
    </Sheet>
  );
}
