/** What can be done with what is shown, each a button; it says what it does, and asks for the reason. */
import { useState } from "preact/hooks";
import { Sheet } from "../show/sheet.js";
import { WriteForm } from "./write-form.js";

export interface Deed {
  readonly label: string;
  /** What it brings about. */
  readonly says: string;
  readonly write: (reason: string) => Promise<unknown>;
}

interface DeedButtonsProps {
  /** What it is done to, for the title. */
  readonly name: string;
  readonly deeds: readonly Deed[];
  /** Asks for what is shown anew, after it was done and after somebody else was faster. */
  readonly reload: () => void;
}

export function DeedButtons({ name, deeds, reload }: DeedButtonsProps) {
  const [label, setLabel] = useState<string>();
  const open = deeds.find((deed) => deed.label === label);
  const close = () => setLabel(undefined);
  return (
    <>
      {deeds.map((deed) => (
        <button key={deed.label} type="button" onClick={() => setLabel(deed.label)}>
          {deed.label}
        </button>
      ))}
      {open !== undefined && (
        <Sheet title={`${open.label} ${name}`} close={close}>
          <WriteForm
            effect={open.label}
            write={async (reason) => {
              await open.write(reason);
              reload();
            }}
            lookAgain={reload}
            close={close}
          >
            <p>{open.says}</p>
          </WriteForm>
        </Sheet>
      )}
    </>
  );
}
