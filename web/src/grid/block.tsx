// Rows of the entry grid, a block at a time: what a key does not touch is neither compared, laid out nor painted.
import { memo, type ReactNode } from "react";
import type { Cells, Column, Row } from "./column";

export const ROW_HEIGHT = 28;
/** A block out of sight costs next to nothing, but each costs a little; these many rows fill a screen. */
export const BLOCK_ROWS = 25;
const CHARACTER = 7.4;
/** The widest that digits, and words of capitals, are on average. */
const FIGURE_MOST = 7.8;
const CHARACTER_MOST = 10;
const PADDING = 16;
const NUMBER_WIDTH = 40;
/** What a long text may be cut down to before the grid has to be scrolled sideways. */
const TEXT_LEAST = 150;

export interface Shape {
  readonly style: { readonly gridTemplateColumns: string; readonly minWidth: number };
  /** How many characters each column surely has room for. */
  readonly room: readonly number[];
}

export function shapeOf(columns: readonly Column[]): Shape {
  let least = NUMBER_WIDTH;
  const room: number[] = [];
  const widths = columns.map((column) => {
    const width = Math.max(Math.round(column.width * CHARACTER) + PADDING, Math.round(column.label.length * 7.2) + 18);
    const flexible = column.kind === "text" && column.width >= 20;
    const own = flexible ? Math.min(width, TEXT_LEAST) : width;
    least += own;
    room.push(Math.floor((own - PADDING) / (column.kind === "money" ? FIGURE_MOST : CHARACTER_MOST)));
    return flexible ? `minmax(${own}px, 1fr)` : `${own}px`;
  });
  return { style: { gridTemplateColumns: `${NUMBER_WIDTH}px ${widths.join(" ")}`, minWidth: least }, room };
}

interface LineProps {
  readonly row: Row;
  readonly index: number;
  readonly columns: readonly Column[];
  readonly shape: Shape;
  readonly ghosts: Cells;
  readonly active: number; // focused column, -1 where the row has not the focus
  readonly live: ReactNode;
  readonly faults: Readonly<Record<string, string>>;
  readonly readOnly: boolean;
  readonly stamp: number; // changes when names of codes have arrived
  readonly show: (column: Column, value: string) => string;
  readonly onCell: (row: number, column: number) => void;
}

const Line = memo(function Line(props: LineProps) {
  const { row, index, columns, shape, ghosts, active, live, faults, readOnly, show, onCell } = props;
  return (
    <div
      role="row"
      tabIndex={-1}
      aria-rowindex={index + 2}
      className={`grid-row ${active >= 0 ? "active" : ""}`}
      style={shape.style}
      data-testid="grid-row"
    >
      <div className="cell number" role="rowheader" tabIndex={-1}>
        {index + 1}
      </div>
      {columns.map((column, at) => {
        const fault = faults[`${index}.${column.name}`] ?? "";
        const own = row.cells[column.name];
        const ghost = own === undefined && ghosts[column.name] ? "ghost" : "";
        const value = own ?? ghosts[column.name] ?? "";
        const look = `cell ${column.kind === "money" ? "figure" : ""} ${fault ? "wrong" : ""} ${column.readOnly || readOnly ? "still" : ""}`;
        if (at === active && live) {
          return (
            <div
              key={column.name}
              role="gridcell"
              tabIndex={-1}
              aria-colindex={at + 2}
              className={`${look} live`}
              title={fault || undefined}
            >
              {live}
            </div>
          );
        }
        const text = value ? show(column, value) : "";
        const long = text.length > (shape.room[at] ?? 0) ? "long" : "";
        return (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the live input has the keys
          <div
            key={column.name}
            role="gridcell"
            tabIndex={-1}
            aria-colindex={at + 2}
            aria-invalid={fault ? true : undefined}
            aria-readonly={column.readOnly || readOnly || undefined}
            className={`${look} ${ghost} ${long}`}
            title={fault || undefined}
            data-cell={column.name}
            onClick={() => onCell(index, at)}
          >
            {text}
          </div>
        );
      })}
    </div>
  );
});

interface BlockProps {
  readonly rows: readonly Row[];
  readonly first: number;
  readonly columns: readonly Column[];
  readonly shape: Shape;
  readonly ghosts: readonly Cells[];
  readonly activeRow: number; // -1 where the focus is in another block
  readonly activeColumn: number;
  readonly live: ReactNode;
  readonly faults: Readonly<Record<string, string>>;
  readonly readOnly: boolean;
  readonly stamp: number;
  readonly show: (column: Column, value: string) => string;
  readonly onCell: (row: number, column: number) => void;
}

const LISTS = new Set(["rows", "ghosts"]);

/** Whether two blocks show the same: rows and ghosts are in new lists at every key, but are the same themselves. */
function isSame(before: BlockProps, after: BlockProps): boolean {
  return Object.keys(after).every((name) => {
    const [old, now] = [before[name as keyof BlockProps], after[name as keyof BlockProps]];
    if (!LISTS.has(name)) return Object.is(old, now);
    const [olds, nows] = [old as readonly unknown[], now as readonly unknown[]];
    return olds.length === nows.length && nows.every((item, at) => item === olds[at]);
  });
}

export const Block = memo(function Block({ rows, first, ghosts, activeRow, activeColumn, live, ...rest }: BlockProps) {
  return (
    <div
      role="rowgroup"
      className={`grid-block ${activeRow >= 0 ? "active" : ""}`}
      style={{ minWidth: rest.shape.style.minWidth, containIntrinsicHeight: `auto ${rows.length * ROW_HEIGHT}px` }}
    >
      {rows.map((row, at) => {
        const isActive = first + at === activeRow;
        return (
          <Line
            key={row.key}
            row={row}
            index={first + at}
            ghosts={ghosts[at] as Cells}
            active={isActive ? activeColumn : -1}
            live={isActive ? live : null}
            {...rest}
          />
        );
      })}
    </div>
  );
}, isSame);
