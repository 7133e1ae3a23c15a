/** What can be done to the bucket as a whole; each asks for the reason first. */
import { useState } from "preact/hooks";
import { type Deed, DeedButtons } from "../../answer/deeds.js";
import { useNamespace } from "../../session/namespace.js";
import { EditSheet } from "./edit-sheet.js";
import { LockSheet } from "./lock-sheet.js";
import { RestoreSheet } from "./restore-sheet.js";
import { useBucket } from "./use-bucket.js";

export function BucketActions() {
  const { read, deletion, reload } = useBucket();
  const deeds = useDeeds();
  const [open, setOpen] = useState<"edit" | "lock" | "restore">();
  const close = () => setOpen(undefined);
  const { is_locked: isLocked, bucket_name: name } = read.bucket;
  if (deletion !== undefined) {
    return (
      <div class="actions">
        <button type="button" class="primary" onClick={() => setOpen("restore")}>
          Bring back
        </button>
        {open === "restore" && <RestoreSheet close={close} />}
      </div>
    );
  }
  return (
    <div class="actions">
      <button type="button" disabled={isLocked} onClick={() => setOpen("edit")}>
        Edit
      </button>
      {!isLocked && (
        <button type="button" onClick={() => setOpen("lock")}>
          Lock
        </button>
      )}
      <DeedButtons name={name} deeds={deeds} reload={reload} />
      {open === "edit" && <EditSheet close={close} />}
      {open === "lock" && <LockSheet close={close} />}
    </div>
  );
}

/** What needs nothing but a reason, as the bucket is now. */
function useDeeds(): readonly Deed[] {
  const { id, read } = useBucket();
  const { buckets } = useNamespace();
  const { status, is_locked: isLocked } = read.bucket;
  const options = (reason: string) => ({ reason, ifVersion: read.version });
  const unlock = {
    label: "Unlock",
    says: "It takes changes again.",
    write: (reason: string) => buckets.unlock(id, {}, options(reason)),
  };
  const archive = {
    label: "Archive",
    says: "It takes no object writes until it is activated.",
    write: (reason: string) => buckets.archive(id, options(reason)),
  };
  const suspend = {
    label: "Suspend",
    says: "It takes no writes at all until it is activated.",
    write: (reason: string) => buckets.suspend(id, options(reason)),
  };
  const activate = {
    label: "Activate",
    says: "It takes changes and object writes again.",
    write: (reason: string) => buckets.activate(id, options(reason)),
  };
  const remove = {
    label: "Delete",
    says: "Its name is free again. Its history stays, and it can be brought back.",
    write: (reason: string) => buckets.delete(id, options(reason)),
  };
  return [
    ...(isLocked ? [unlock] : []),
    ...(status === "ACTIVE" ? [archive, suspend] : [activate]),
    remove,
  ];
}
