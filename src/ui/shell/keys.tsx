/** What single keys do, for as long as what they are about is shown; `?` lists them. */
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { Cell, useCell } from "../cell.js";
import { Sheet } from "../show/sheet.js";

interface Key {
  /** As `KeyboardEvent.key` has it. */
  readonly key: string;
  readonly does: string;
  readonly press: () => void;
}

const known = new Cell<readonly Key[]>([]);

/** The key does that while the component is shown. The newest meaning of a key is the one that counts. */
export function useKey(key: string, does: string, press: () => void): void {
  // What it does is another function with each drawing: the list of keys must not change with it.
  const newest = useRef(press);
  // With the drawing, not after it: who sees the page may press at once.
  useLayoutEffect(() => {
    newest.current = press;
  });
  useLayoutEffect(() => {
    const mine = { key, does, press: () => newest.current() };
    known.set([...known.value, mine]);
    return () => known.set(known.value.filter((other) => other !== mine));
  }, [key, does]);
}

/** Keys are letters while something is written, and belong to the dialog while one is open. */
function isTaken(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return true;
  if (document.querySelector("dialog[open]") !== null) return true;
  const { target } = event;
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || target.matches("input, textarea, select, [role=slider]"))
  );
}

export function listenToKeys(): void {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || isTaken(event)) return;
    const match = known.value.findLast(({ key }) => key === event.key);
    if (match === undefined) return;
    event.preventDefault();
    match.press();
  });
}

/** Moves the focus among the rows of the page. */
export function moveAmongRows(step: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLElement>("[data-row]")];
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  const next = rows[at === -1 ? 0 : Math.min(Math.max(at + step, 0), rows.length - 1)];
  next?.focus();
}

export function KeyList() {
  const [isOpen, setOpen] = useState(false);
  const keys = useCell(known);
  useKey("?", "list the keys", () => setOpen(true));
  if (!isOpen) return null;
  const newest = new Map(keys.map(({ key, does }) => [key, does]));
  return (
    <Sheet title="Keys" close={() => setOpen(false)}>
      <dl class="pairs">
        {[...newest].map(([key, does]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </Sheet>
  );
}
