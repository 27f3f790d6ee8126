// The entry grid on the screen: one live input in the focused cell, everything else plain text. All decisions are in
// state.ts and keys.ts; this file reads keys, shows the state, and puts the focus where the state says.
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from "react";
import { chordOf, isComposing } from "../keys/chord";
import { actFor } from "../keys/keymap";
import { useKeys } from "../keys/layers";
import { Suggestions } from "../kit/suggestions";
import { BLOCK_ROWS, Block, ROW_HEIGHT, shapeOf } from "./block";
import { type Cells, type Column, isEmptyRow, type Option, type Row } from "./column";
import { gridKey } from "./keys";
import type { GridAction, GridState } from "./state";

export interface EntryGridProps {
  readonly label: string;
  readonly testid: string;
  readonly columns: readonly Column[];
  readonly state: GridState;
  readonly readOnly: boolean;
  readonly ghosts: (row: number) => Cells;
  readonly show: (column: Column, value: string) => string;
  readonly search: (column: Column, text: string, row: Row) => readonly Option[];
  readonly dispatch: (action: GridAction) => void;
  readonly onCreate: (column: Column, text: string) => void;
  /** Sentences of faults by "row.column" (row counts from 0), from the server or from reading. */
  readonly faults: Readonly<Record<string, string>>;
  readonly sums: Readonly<Record<string, string>>;
  readonly nothingFound: string;
  readonly rowWord: string;
}

const VIRTUAL_FROM = 500;
const NO_CELLS: Cells = {};

export function EntryGrid(props: EntryGridProps & { stamp: number }) {
  const { label, testid, columns, state, readOnly, ghosts, show, search, dispatch, onCreate, faults, sums } = props;
  const { keymap } = useKeys();
  const listId = useId();
  const outer = useRef<HTMLDivElement>(null);
  const input = useRef<HTMLInputElement>(null);
  const focused = useRef(false);
  const pointed = useRef(false);
  const [highlight, setHighlight] = useState(0);
  const shape = useMemo(() => shapeOf(columns), [columns]);
  const column = columns[state.column];
  const row = state.rows[state.row];
  const ghost = ghosts(state.row);

  const value = (column && (row?.cells[column.name] ?? ghost[column.name])) ?? "";
  const wrongText = column ? row?.wrong[column.name] !== undefined : false;
  const shown = state.draft ?? (column && value ? (wrongText ? value : show(column, value)) : "");
  const typed = state.draft ?? "";
  const listed = state.listOpen && column !== undefined && row !== undefined;
  const options = listed ? search(column, typed, row) : [];
  const marked = state.draft === "" ? -1 : Math.min(highlight, options.length - 1);
  const taken = marked >= 0 ? options[marked]?.value : undefined;

  // biome-ignore lint/correctness/useExhaustiveDependencies: the focus moves exactly when the cell in focus does
  useLayoutEffect(() => {
    const live = input.current;
    if (!live || readOnly || !focused.current) return;
    if (document.activeElement !== live) live.focus();
    if (state.draft === null) {
      if (state.mode === "edit") live.setSelectionRange(live.value.length, live.value.length);
      else live.select();
    }
  }, [state.row, state.column, state.mode, state.draft === null, row?.key, readOnly]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the mark goes back to the best match when the text changes
  useEffect(() => {
    const current = options.findIndex((option) => option.value === value);
    setHighlight(state.draft === null && current >= 0 ? current : 0);
  }, [state.draft, state.row, state.column, state.listOpen]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: only when the cell in focus is another one
  useEffect(() => {
    if (focused.current) {
      outer.current?.querySelector(".cell.live")?.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
  }, [state.row, state.column, state.rows.length]);

  const combobox = column?.source
    ? {
        role: "combobox",
        "aria-expanded": listed,
        "aria-controls": listed ? listId : undefined,
        "aria-activedescendant": listed && marked >= 0 ? `${listId}-${marked}` : undefined,
      }
    : {};

  const onKeyDown = (event: React.KeyboardEvent<HTMLInputElement>) => {
    if (isComposing(event.nativeEvent)) return;
    const id = actFor(keymap, "grid", chordOf(event.nativeEvent));
    if (!id) return;
    const at = event.currentTarget;
    const effect = gridKey(id, state, {
      highlighted: taken,
      caretAtStart: at.selectionEnd === 0,
      caretAtEnd: at.selectionStart === at.value.length,
    });
    if (effect.kind === "pass") return;
    event.preventDefault();
    event.stopPropagation();
    if (effect.kind === "highlight") setHighlight(Math.max(0, Math.min(marked + effect.by, options.length - 1)));
    else if (effect.kind === "create") {
      if (column) onCreate(column, typed);
    } else dispatch(effect.action);
  };

  const onPaste = (event: React.ClipboardEvent) => {
    const text = event.clipboardData.getData("text/plain").replace(/\r/g, "").replace(/\n$/, "");
    if (!/[\t\n]/.test(text)) return;
    event.preventDefault();
    dispatch({ type: "paste", matrix: text.split("\n").map((line) => line.split("\t")) });
  };

  /** By key into rows nobody has typed in: straight to the first cell that shows no ghost. */
  const enter = () => {
    if (focused.current || pointed.current || !state.rows.every(isEmptyRow)) return;
    const first = columns.findIndex((item) => !item.readOnly && !ghost[item.name]);
    if (first > state.column) dispatch({ type: "focus", row: state.row, column: first });
  };

  const live = readOnly ? null : (
    <input
      ref={input}
      key={`${row?.key}.${column?.name}`}
      className={`${column?.kind === "money" ? "figure" : ""} ${state.draft === null && row?.cells[column?.name ?? ""] === undefined && value ? "ghost" : ""}`}
      value={shown}
      readOnly={column?.readOnly}
      autoComplete="off"
      spellCheck={false}
      data-stop=""
      data-testid={`${testid}-live`}
      data-row={state.row}
      data-column={column?.name}
      aria-label={`${props.rowWord} ${state.row + 1}, ${column?.label ?? ""}`}
      aria-invalid={faults[`${state.row}.${column?.name}`] ? true : undefined}
      {...combobox}
      onFocus={() => {
        enter();
        focused.current = true;
        pointed.current = false;
      }}
      onBlur={(event) => {
        if (outer.current?.contains(event.relatedTarget)) return;
        focused.current = false;
        if (state.draft !== null || state.listOpen) dispatch({ type: "commit" });
      }}
      onChange={(event) => dispatch({ type: "write", text: event.target.value })}
      onKeyDown={onKeyDown}
      onPaste={onPaste}
    />
  );

  const onCell = useRef((_row: number, _column: number) => {});
  onCell.current = (toRow, toColumn) => {
    if (readOnly) return;
    focused.current = true;
    dispatch({ type: "focus", row: toRow, column: toColumn });
  };
  const steadyOnCell = useMemo(() => (toRow: number, toColumn: number) => onCell.current(toRow, toColumn), []);

  const virtual = state.rows.length > VIRTUAL_FROM;
  const virtualizer = useVirtualizer({
    count: virtual ? state.rows.length : 0,
    getScrollElement: () => outer.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 12,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: follows the focused row only
  useEffect(() => {
    if (virtual) virtualizer.scrollToIndex(state.row);
  }, [virtual, state.row]);

  const block = (first: number, count: number) => {
    const rows = state.rows.slice(first, first + count);
    const isActive = !readOnly && state.row >= first && state.row < first + count;
    return (
      <Block
        key={first}
        rows={rows}
        first={first}
        columns={columns}
        shape={shape}
        ghosts={rows.map((item, at) => (Object.keys(item.cells).length ? NO_CELLS : ghosts(first + at)))}
        activeRow={isActive ? state.row : -1}
        activeColumn={isActive ? state.column : -1}
        live={isActive ? live : null}
        faults={faults}
        readOnly={readOnly}
        stamp={props.stamp}
        show={show}
        onCell={steadyOnCell}
      />
    );
  };
  const last = state.rows.length - 1;
  const shownRows = readOnly && last > 0 && Object.keys(state.rows[last]?.cells ?? {}).length === 0 ? last : last + 1;

  return (
    <div
      ref={outer}
      className="entry"
      role="grid"
      onPointerDown={() => {
        pointed.current = true;
      }}
      tabIndex={readOnly ? 0 : -1}
      data-stop={readOnly ? "" : undefined}
      aria-label={label}
      aria-rowcount={state.rows.length + 1}
      aria-colcount={columns.length + 1}
      aria-readonly={readOnly || undefined}
      data-testid={testid}
    >
      <div role="row" tabIndex={-1} aria-rowindex={1} className="grid-row grid-head" style={shape.style}>
        <div role="columnheader" tabIndex={-1}>
          <span className="visually-hidden">{props.rowWord}</span>
        </div>
        {columns.map((item, index) => (
          <div
            key={item.name}
            role="columnheader"
            tabIndex={-1}
            aria-colindex={index + 2}
            className={item.kind === "money" ? "figure" : ""}
            title={item.label}
          >
            {item.label}
            {item.required ? <span className="negative"> *</span> : null}
          </div>
        ))}
      </div>
      {virtual ? (
        <div style={{ height: virtualizer.getTotalSize(), position: "relative" }}>
          {virtualizer.getVirtualItems().map((item) => (
            <div
              key={item.key}
              style={{
                position: "absolute",
                top: 0,
                left: 0,
                minWidth: "100%",
                transform: `translateY(${item.start}px)`,
              }}
            >
              {block(item.index, 1)}
            </div>
          ))}
        </div>
      ) : (
        Array.from({ length: Math.ceil(shownRows / BLOCK_ROWS) }, (_, index) =>
          block(index * BLOCK_ROWS, Math.min(BLOCK_ROWS, shownRows - index * BLOCK_ROWS)),
        )
      )}
      {columns.some((item) => item.total) ? (
        <div className="grid-row grid-foot" style={shape.style} data-testid={`${testid}-sums`}>
          <div className="cell number" />
          {columns.map((item) => (
            <div
              key={item.name}
              className={`cell ${item.kind === "money" ? "figure" : ""}`}
              data-sum={item.total ? item.name : undefined}
            >
              {item.total ? show(item, sums[item.name] ?? "0") : ""}
            </div>
          ))}
        </div>
      ) : null}
      {listed && (column.source || options.length > 0) ? (
        <Suggestions
          id={listId}
          anchor={input.current}
          options={options}
          highlight={marked}
          nothing={props.nothingFound}
          onTake={(option) => dispatch({ type: "next", take: option.value, leaveEmpty: false })}
        />
      ) : null}
    </div>
  );
}
