/** The moment that is shown, in words; it takes other words as well. */
import { useState } from "preact/hooks";
import { setQuery } from "../route/place.js";
import { parseMoment } from "./moments.js";

export const momentForms = "12, @1234, 3 May 14:05 or 2 h ago";

interface MomentBoxProps {
  /** What is shown, in words. */
  readonly text: string;
  /** The part of the address that holds the moment; `as_of` unless given. */
  readonly name?: string;
  readonly label?: string;
  /** Whether a version says which moment is meant: that of a list is none. */
  readonly takesVersions?: boolean;
}

export function MomentBox(props: MomentBoxProps) {
  const { text, name = "as_of", label = "Moment", takesVersions = true } = props;
  const [isWrong, setWrong] = useState(false);
  // What is being written stays while what is shown gets other words, as when its time arrives.
  const [writing, setWriting] = useState<string>();
  const forms = takesVersions ? momentForms : momentForms.replace("12, ", "");
  return (
    <form
      class="moment-form"
      onSubmit={(event) => {
        event.preventDefault();
        const written = writing ?? text;
        // What was not written anew is what is shown: its words may say less than the address.
        if (written === text) return leave();
        const isNow = /^(now)?$/i.test(written.trim());
        const moment = isNow ? undefined : parseMoment(written, Date.now());
        const isMeant = isNow || (moment !== undefined && (takesVersions || !/^\d+$/.test(moment)));
        setWrong(!isMeant);
        if (!isMeant) return;
        setWriting(undefined);
        setQuery({ [name]: moment });
        leave();
      }}
    >
      <input
        name="moment"
        class="moment"
        aria-label={`${label}: ${takesVersions ? "a version, a position, or a time" : "a position or a time"}`}
        aria-invalid={isWrong}
        title={forms}
        value={writing ?? text}
        onInput={(event) => setWriting(event.currentTarget.value)}
        onBlur={() => {
          if (!isWrong) setWriting(undefined);
        }}
        onFocus={(event) => event.currentTarget.select()}
      />
      {isWrong && (
        <p class="wrong" role="alert">
          Write {forms}.
        </p>
      )}
    </form>
  );
}

/** The keys are those of the page again. */
function leave(): void {
  if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
}
