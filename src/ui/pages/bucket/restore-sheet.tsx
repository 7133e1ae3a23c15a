/** Brings a deleted bucket back, under another name where its own is taken by now. */
import { useState } from "preact/hooks";
import { WriteForm } from "../../answer/write-form.js";
import { useNamespace } from "../../session/namespace.js";
import { Sheet } from "../../show/sheet.js";
import { useBucket } from "./use-bucket.js";

export function RestoreSheet({ close }: { readonly close: () => void }) {
  const { id, read, latest, reload } = useBucket();
  const { buckets } = useNamespace();
  const { bucket_name: own } = read.bucket;
  const [name, setName] = useState(own);
  return (
    <Sheet title={`Bring back ${own}`} close={close}>
      <WriteForm
        effect={`Bring back as version ${latest.version + 1}`}
        write={async (reason) => {
          const body = name === own ? {} : { bucket_name: name };
          await buckets.restore(id, body, { reason, ifVersion: latest.version });
          reload();
        }}
        lookAgain={reload}
        close={close}
      >
        <p>It comes back under its id, with its history and all that it holds.</p>
        <label>
          Its name
          <input
            required
            maxLength={255}
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </label>
      </WriteForm>
    </Sheet>
  );
}
