/** What is asked before something is done: a dialog of the browser, with its focus and its Esc. */
import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";

interface SheetProps {
  readonly title: string;
  readonly close: () => void;
  readonly children: ComponentChildren;
  readonly isWide?: boolean;
  /** Whether Esc leaves it open, because something was written. */
  readonly isGuarded?: boolean;
}

export function Sheet({ title, close, children, isWide = false, isGuarded = false }: SheetProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  // With the drawing, not after it: a key pressed at once is the dialog's already.
  useLayoutEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    <dialog
      ref={dialog}
      class={isWide ? "sheet wide" : "sheet"}
      aria-labelledby={id}
      onCancel={(event) => {
        if (isGuarded) event.preventDefault();
      }}
      onClose={close}
    >
      <header>
        <h2 id={id}>{title}</h2>
        <button type="button" class="plain" aria-label="Close" onClick={close}>
          ×
        </button>
      </header>
      {children}
    </dialog>
  );
}
