/** A list in all its states: not yet, empty, there, failed, and there but from before. */
import type { ComponentChildren } from "preact";
import { List } from "../show/list.js";
import { count } from "../show/numbers.js";
import { Skeleton, Stale } from "./answered.js";
import { Failure } from "./failure.js";
import type { Pages } from "./use-pages.js";

interface ListedProps<Row> {
  readonly pages: Pages<Row>;
  readonly label: string;
  readonly rowHeight: number;
  readonly keyOf: (row: Row) => string;
  readonly empty: ComponentChildren;
  readonly children: (row: Row, index: number) => ComponentChildren;
}

export function Listed<Row>(props: ListedProps<Row>) {
  const { pages, label, rowHeight, keyOf, empty, children } = props;
  const { rows, error, at, total, more, reload } = pages;
  if (at === 0) {
    return error === undefined ? <Skeleton lines={8} /> : <Failure error={error} again={reload} />;
  }
  const isEmpty = rows.length === 0;
  const list =
    isEmpty && pages.isWhole ? (
      empty
    ) : (
      <>
        <List
          label={label}
          rows={rows}
          keyOf={keyOf}
          rowHeight={rowHeight}
          total={total}
          more={more}
        >
          {children}
        </List>
        {!pages.isWhole && (
          <p class="soft list-end" role="status">
            {total === undefined ? "More …" : `${count(rows.length)} of ${count(total)} …`}
          </p>
        )}
      </>
    );
  if (error === undefined) return <>{list}</>;
  return (
    <Stale error={error} at={at} again={reload}>
      {list}
    </Stale>
  );
}
