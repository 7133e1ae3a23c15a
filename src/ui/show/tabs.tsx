/** Links to what stands side by side; the one that is shown is in sight, also where not all have room. */
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

interface TabsProps {
  readonly label: string;
  /** Of the one that is shown, to notice when it is another. */
  readonly current: string;
  readonly children: ComponentChildren;
}

export function Tabs({ label, current, children }: TabsProps) {
  const nav = useRef<HTMLElement>(null);
  useLayoutEffect(() => {
    const link = nav.current?.querySelector("[aria-current]");
    if (nav.current === null || !link) return;
    const [all, one] = [nav.current.getBoundingClientRect(), link.getBoundingClientRect()];
    nav.current.scrollLeft += one.left - all.left - (all.width - one.width) / 2;
  }, [current]);
  return (
    <nav ref={nav} class="tabs" aria-label={label}>
      {children}
    </nav>
  );
}
