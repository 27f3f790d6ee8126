// A long table one walks through with the keys: rows are drawn only where they can be seen.
import { useVirtualizer } from "@tanstack/react-virtual";
import { type CSSProperties, type ReactNode, type Ref, useEffect, useImperativeHandle, useRef } from "react";
import { isNowhere } from "./focus";

export interface TableColumn<Row> {
  readonly name: string;
  readonly label: string;
  readonly width: number; // pixels
  /** Takes what is left over; a number is its share beside others. */
  readonly flexible?: boolean | number;
  readonly figure?: boolean;
  readonly group?: string;
  readonly cell: (row: Row, index: number) => ReactNode;
}

export interface TableHandle {
  readonly focus: () => void;
  /** How many rows fit the window: what PageDown moves by. */
  readonly rowsShown: () => number;
}

interface Props<Row> {
  readonly label: string;
  readonly testid: string;
  readonly columns: readonly TableColumn<Row>[];
  readonly rows: readonly Row[];
  readonly rowKey: (row: Row, index: number) => string;
  readonly current: number;
  readonly isMarked?: (row: Row) => boolean;
  readonly rowClass?: (row: Row) => string;
  readonly onCurrent: (index: number) => void;
  readonly onOpen?: (index: number) => void;
  readonly onEnd?: () => void;
  readonly empty: ReactNode;
  readonly foot?: ReactNode;
  readonly handle?: Ref<TableHandle>;
  /** Takes the focus when it appears and nothing else has it: the keys work at once. */
  readonly first?: boolean;
}

const ROW_HEIGHT = 28;
const HEAD_HEIGHT = 31;

function GroupHead<Row>({ columns, shape }: { columns: readonly TableColumn<Row>[]; shape: CSSProperties }) {
  const spans: { label: string; from: number; count: number }[] = [];
  columns.forEach((column, index) => {
    const last = spans.at(-1);
    if (last && column.group && last.label === column.group) last.count += 1;
    else spans.push({ label: column.group ?? "", from: index, count: 1 });
  });
  return (
    <div className="line" style={{ ...shape, height: "auto", border: 0 }} aria-hidden="true">
      {spans.map((span) => (
        <div key={span.from} className={span.label ? "span" : ""} style={{ gridColumn: `span ${span.count}` }}>
          {span.label}
        </div>
      ))}
    </div>
  );
}

export function Table<Row>(props: Props<Row>) {
  const { columns, rows, current, rowKey, onCurrent, onOpen, onEnd } = props;
  const outer = useRef<HTMLDivElement>(null);
  const grouped = columns.some((column) => column.group);
  const template = columns
    .map((column) =>
      column.flexible ? `minmax(${column.width}px, ${Number(column.flexible)}fr)` : `${column.width}px`,
    )
    .join(" ");
  const least = columns.reduce((sum, column) => sum + column.width, 0);
  const shape = { gridTemplateColumns: template, minWidth: least };
  const headHeight = grouped ? HEAD_HEIGHT * 2 : HEAD_HEIGHT;
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => outer.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 14,
    scrollMargin: headHeight,
    scrollPaddingStart: headHeight,
    scrollPaddingEnd: ROW_HEIGHT,
  });
  useImperativeHandle(props.handle, () => ({
    focus: () => outer.current?.focus(),
    rowsShown: () => Math.max(1, Math.floor(((outer.current?.clientHeight ?? 0) - headHeight) / ROW_HEIGHT) - 1),
  }));

  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when the table appears
  useEffect(() => {
    if (props.first && isNowhere()) outer.current?.focus();
  }, []);

  // biome-ignore lint/correctness/useExhaustiveDependencies: follows the current row only
  useEffect(() => {
    if (current >= 0 && current < rows.length) virtualizer.scrollToIndex(current);
  }, [current]);

  const items = virtualizer.getVirtualItems();
  const lastSeen = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (onEnd && lastSeen >= rows.length - 20) onEnd();
  }, [onEnd, lastSeen, rows.length]);

  return (
    <div
      ref={outer}
      className="table"
      role="grid"
      tabIndex={0}
      data-stop=""
      data-testid={props.testid}
      aria-label={props.label}
      aria-rowcount={rows.length + 1}
      aria-colcount={columns.length}
      aria-activedescendant={rows[current] ? `${props.testid}-${current}` : undefined}
    >
      <div className="head" role="rowgroup" tabIndex={-1} style={{ minWidth: least }}>
        {grouped ? <GroupHead columns={columns} shape={shape} /> : null}
        <div
          className="line"
          role="row"
          tabIndex={-1}
          aria-rowindex={1}
          style={{ ...shape, border: 0, height: HEAD_HEIGHT }}
        >
          {columns.map((column, index) => (
            <div
              key={column.name}
              role="columnheader"
              tabIndex={-1}
              aria-colindex={index + 1}
              className={column.figure ? "figure" : ""}
              title={column.group ? `${column.group}: ${column.label}` : column.label}
            >
              {column.label}
            </div>
          ))}
        </div>
      </div>
      <div style={{ height: virtualizer.getTotalSize(), minWidth: least, position: "relative" }}>
        {items.map((item) => {
          const row = rows[item.index] as Row;
          const isCurrent = item.index === current;
          return (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the table has the keys
            <div
              key={rowKey(row, item.index)}
              id={`${props.testid}-${item.index}`}
              role="row"
              tabIndex={-1}
              aria-rowindex={item.index + 2}
              aria-selected={props.isMarked?.(row) ?? false}
              className={`line ${isCurrent ? "current" : ""} ${props.rowClass?.(row) ?? ""}`}
              style={{
                ...shape,
                position: "absolute",
                top: 0,
                left: 0,
                transform: `translateY(${item.start - headHeight}px)`,
              }}
              data-testid={`${props.testid}-row`}
              data-current={isCurrent || undefined}
              onClick={() => onCurrent(item.index)}
              onDoubleClick={() => onOpen?.(item.index)}
            >
              {columns.map((column, index) => (
                <div
                  key={column.name}
                  role="gridcell"
                  tabIndex={-1}
                  aria-colindex={index + 1}
                  className={column.figure ? "figure" : ""}
                  data-cell={column.name}
                >
                  {column.cell(row, item.index)}
                </div>
              ))}
            </div>
          );
        })}
      </div>
      {rows.length === 0 ? <div className="hollow">{props.empty}</div> : null}
      {props.foot ? <div className="foot">{props.foot}</div> : null}
    </div>
  );
}

/** The row a movement key leads to. */
export function movedIndex(act: string, current: number, count: number, page: number): number {
  const moves: Record<string, number> = {
    up: current - 1,
    down: current + 1,
    page_up: current - page,
    page_down: current + page,
    first: 0,
    last: count - 1,
  };
  return Math.max(0, Math.min(moves[act] ?? current, count - 1));
}
