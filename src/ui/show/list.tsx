/**
 * A long list: only the rows around those that are seen are in the document, however many there are.
 * It scrolls with the window, and asks for more before its end is reached.
 */
import {
  observeWindowOffset,
  observeWindowRect,
  Virtualizer,
  type VirtualizerOptions,
  windowScroll,
} from "@tanstack/virtual-core";
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useReducer, useRef, useState } from "preact/hooks";

interface ListProps<Row> {
  readonly label: string;
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  /** How high a row is, pixels, before it was seen. */
  readonly rowHeight: number;
  /** How many there are in all, where that is known. */
  readonly total?: number | undefined;
  /** Called when the end comes near. */
  readonly more?: () => void;
  readonly children: (row: Row, index: number) => ComponentChildren;
}

const overscan = 8;
const nearEnd = 40;

export function List<Row>(props: ListProps<Row>) {
  const { label, rows, keyOf, rowHeight, total, more, children } = props;
  const list = useRef<HTMLUListElement>(null);
  const [top, setTop] = useState(0);
  const virtualizer = useVirtualizer({
    count: rows.length,
    overscan,
    scrollMargin: top,
    estimateSize: () => rowHeight,
    getItemKey: (index) => {
      const row = rows[index];
      return row === undefined ? index : keyOf(row);
    },
  });
  useLayoutEffect(() => {
    const box = list.current?.getBoundingClientRect();
    if (box !== undefined) setTop(Math.round(box.top + window.scrollY));
  });
  const items = virtualizer.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (last >= rows.length - nearEnd) more?.();
  }, [last, rows.length, more]);
  return (
    <ul
      ref={list}
      class="list"
      aria-label={label}
      style={{ height: `${virtualizer.getTotalSize()}px` }}
    >
      {items.map(({ index, key, start }) => {
        const row = rows[index];
        if (row === undefined) return null;
        return (
          <li
            key={key}
            ref={virtualizer.measureElement}
            data-index={index}
            class="row"
            aria-posinset={index + 1}
            aria-setsize={total ?? -1}
            style={{ transform: `translateY(${start - top}px)` }}
          >
            {children(row, index)}
          </li>
        );
      })}
    </ul>
  );
}

type Options = Pick<
  VirtualizerOptions<Window, HTMLLIElement>,
  "count" | "overscan" | "scrollMargin" | "estimateSize" | "getItemKey"
>;

function useVirtualizer(options: Options): Virtualizer<Window, HTMLLIElement> {
  const [, redraw] = useReducer((rounds: number) => rounds + 1, 0);
  const whole = {
    ...options,
    getScrollElement: () => window,
    initialOffset: () => window.scrollY,
    observeElementRect: observeWindowRect,
    observeElementOffset: observeWindowOffset,
    scrollToFn: windowScroll,
    onChange: () => redraw(undefined),
  };
  const [virtualizer] = useState(() => new Virtualizer<Window, HTMLLIElement>(whole));
  virtualizer.setOptions(whole);
  useLayoutEffect(() => virtualizer._didMount(), [virtualizer]);
  useLayoutEffect(() => virtualizer._willUpdate());
  return virtualizer;
}
