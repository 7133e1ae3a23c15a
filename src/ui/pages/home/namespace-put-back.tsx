/** Puts all buckets and objects of the namespace back to the moment that is shown. */
import { useState } from "preact/hooks";
import { later } from "../../route/later.js";
import { useKey } from "../../shell/keys.js";

const NamespacePutBackSheet = later(
  async () => (await import("./namespace-put-back-sheet.js")).NamespacePutBackSheet,
);

export function NamespacePutBack({ asOf }: { readonly asOf: string }) {
  const [isOpen, setOpen] = useState(false);
  const open = () => setOpen(true);
  useKey("r", "put the whole namespace back", open);
  return (
    <>
      <button type="button" class="button" onClick={open}>
        Put everything back <kbd>r</kbd>
      </button>
      {isOpen && <NamespacePutBackSheet asOf={asOf} close={() => setOpen(false)} />}
    </>
  );
}
