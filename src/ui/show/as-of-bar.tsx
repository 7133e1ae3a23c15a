/** Says that what is shown is not now, in the colour of the past, and leads back to now. */
import type { ComponentChildren } from "preact";
import { hrefWith, setQuery } from "../route/place.js";
import { useKey } from "../shell/keys.js";
import { momentWords, Time } from "./time.js";

interface AsOfBarProps {
  /** As the address has it: a version, `@position` or time; undefined for now. */
  readonly asOf: string | undefined;
  /** When the newest event of what is shown was recorded, once that is known. */
  readonly recordedAt?: number | string | undefined;
  /** Of what is shown, where it is one thing. */
  readonly version?: number;
  /** What can be done with the past that is shown. */
  readonly children?: ComponentChildren;
}

export function AsOfBar({ asOf, ...rest }: AsOfBarProps) {
  return asOf === undefined ? null : <PastBar asOf={asOf} {...rest} />;
}

function PastBar({
  asOf,
  recordedAt,
  version,
  children,
}: AsOfBarProps & { readonly asOf: string }) {
  useKey("Escape", "back to now", backToNow);
  const named = version === undefined ? momentWords(asOf) : `v${version}`;
  return (
    <div class="past-bar" role="status">
      <strong>As of {named}</strong>
      {recordedAt !== undefined && (
        <span>
          <Time at={recordedAt} isExact />
        </span>
      )}
      <span class="grow" />
      {children}
      <a class="button" href={hrefWith({ as_of: undefined })}>
        Back to now <kbd>Esc</kbd>
      </a>
    </div>
  );
}

function backToNow(): void {
  setQuery({ as_of: undefined });
}
