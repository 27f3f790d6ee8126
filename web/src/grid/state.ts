// The entry grid's state and its only reducer. Pure: no React, no clock, no network.
//
// A row nobody typed in shows ghosts (the row above, or the column's default); the row's first keystroke makes them its
// own. Leaving the grid is a value returned beside the state, so that the screen decides where the focus goes.
import { type Cells, type Column, isEmptyRow, type Row } from "./column";

export interface GridState {
  readonly rows: readonly Row[];
  readonly row: number;
  readonly column: number;
  /** "over": the next keystroke replaces the cell; "edit": the caret is inside it. */
  readonly mode: "over" | "edit";
  /** What stands in the live input, null while nothing was typed in this cell. */
  readonly draft: string | null;
  readonly listOpen: boolean;
  /** The row as it was when this cell was entered, for Esc. */
  readonly before: Row | null;
  readonly nextKey: number;
}

export type Reading = { readonly value: string } | { readonly fault: string };

export interface GridContext {
  readonly columns: readonly Column[];
  /** Ghosts of a row that has none above: reason's accounts, header's description. */
  readonly defaults: Cells;
  readonly read: (column: Column, text: string, row: Row, above: Row | undefined) => Reading;
  /** What follows from a changed cell: converted amount, tax, names of a chosen supplier. */
  readonly derive?: (row: Row, changed: string) => Cells;
  /** The amount that balances, for the cell in focus; "" where there is none. */
  readonly balance?: (rows: readonly Row[], row: number, column: Column) => string;
  readonly rowsMax: number;
}

export type GridAction =
  | { readonly type: "focus"; readonly row: number; readonly column: number }
  | { readonly type: "write"; readonly text: string }
  | { readonly type: "next"; readonly take?: string; readonly leaveEmpty: boolean }
  | { readonly type: "previous"; readonly take?: string }
  | { readonly type: "move"; readonly rows: number; readonly columns: number }
  | { readonly type: "rowEdge"; readonly end: boolean }
  | { readonly type: "gridEdge"; readonly end: boolean }
  | { readonly type: "put"; readonly value: string }
  | { readonly type: "editCell" }
  | { readonly type: "openList" }
  | { readonly type: "closeList" }
  | { readonly type: "commit" }
  | { readonly type: "copyAbove" }
  | { readonly type: "repeatDescription" }
  | { readonly type: "balance" }
  | { readonly type: "insertRow" }
  | { readonly type: "deleteRow" }
  | { readonly type: "paste"; readonly matrix: readonly (readonly string[])[] }
  | { readonly type: "escape" };

export type Leaving = "forward" | "back" | "escape";

export interface Step {
  readonly state: GridState;
  readonly leave?: Leaving;
}

export function emptyRow(key: number): Row {
  return { key, cells: {}, wrong: {} };
}

/** A grid showing `rows`, with one empty row below to go on in. */
export function openGrid(rows: readonly Cells[]): GridState {
  const made = rows.map((cells, index) => ({ key: index, cells, wrong: {} }));
  return {
    rows: [...made, emptyRow(made.length)],
    row: 0,
    column: 0,
    mode: "over",
    draft: null,
    listOpen: false,
    before: null,
    nextKey: made.length + 1,
  };
}

/** The rows that are worth saving. */
export function filledRows(state: GridState): readonly Row[] {
  return state.rows.filter((row) => !isEmptyRow(row));
}

/** What row `index` shows faintly: nothing once it has a value of its own. */
export function ghostsOf(state: GridState, index: number, context: GridContext): Cells {
  const row = state.rows[index];
  if (!row || !isEmptyRow(row)) return {};
  const above = state.rows.slice(0, index).findLast((other) => !isEmptyRow(other));
  const ghosts: Record<string, string> = {};
  for (const column of context.columns) {
    const repeated = above && column.repeat ? above.cells[column.name] : undefined;
    const value = repeated ?? (above && column.repeat ? "" : (context.defaults[column.name] ?? ""));
    if (value) ghosts[column.name] = value;
  }
  return ghosts;
}

/** The first cell at or after (row, column) that can be typed in, searching forward or back; null beyond the edge. */
export function editableFrom(columns: readonly Column[], column: number, direction: 1 | -1): number | null {
  for (let index = column; index >= 0 && index < columns.length; index += direction) {
    if (!columns[index]?.readOnly) return index;
  }
  return null;
}

const rest = { mode: "over", draft: null, listOpen: false, before: null } as const;

function withRow(state: GridState, index: number, row: Row): GridState {
  return { ...state, rows: state.rows.map((other, at) => (at === index ? row : other)) };
}

/** The focused row with its ghosts made its own. */
function ownRow(state: GridState, context: GridContext): Row {
  const row = state.rows[state.row] ?? emptyRow(state.nextKey);
  return isEmptyRow(row) ? { ...row, cells: ghostsOf(state, state.row, context) } : row;
}

function setCell(row: Row, name: string, value: string, context: GridContext): Row {
  const wrong = Object.fromEntries(Object.entries(row.wrong).filter(([key]) => key !== name));
  const set: Row = { ...row, cells: { ...row.cells, [name]: value }, wrong };
  const derived = context.derive?.(set, name);
  return derived ? { ...set, cells: { ...set.cells, ...derived } } : set;
}

/** Takes the typed text (or the chosen suggestion) into the row. `ok` is false where the text cannot be read. */
function commit(state: GridState, context: GridContext, take?: string): { state: GridState; ok: boolean } {
  const column = context.columns[state.column];
  if (!column || column.readOnly || (take === undefined && state.draft === null)) {
    return { state: { ...state, listOpen: false }, ok: true };
  }
  const row = ownRow(state, context);
  if (take !== undefined) {
    return { state: { ...withRow(state, state.row, setCell(row, column.name, take, context)), ...rest }, ok: true };
  }
  const above = state.rows[state.row - 1];
  const reading = context.read(column, (state.draft ?? "").normalize("NFC"), row, above);
  if ("fault" in reading) {
    const wrong = {
      ...row,
      cells: { ...row.cells, [column.name]: state.draft ?? "" },
      wrong: { ...row.wrong, [column.name]: reading.fault },
    };
    return { state: { ...withRow(state, state.row, wrong), listOpen: false }, ok: false };
  }
  const set = setCell(row, column.name, reading.value, context);
  // A row emptied again is an empty row: its ghosts come back.
  return { state: { ...withRow(state, state.row, set), ...rest }, ok: true };
}

/** Keeps one empty row at the end to go on in, up to the limit of rows. */
function withTail(state: GridState, context: GridContext): GridState {
  const last = state.rows[state.rows.length - 1];
  if ((last && isEmptyRow(last)) || state.rows.length >= context.rowsMax) return state;
  return { ...state, rows: [...state.rows, emptyRow(state.nextKey)], nextKey: state.nextKey + 1 };
}

function at(state: GridState, row: number, column: number): GridState {
  return { ...state, ...rest, row, column };
}

function goNext(state: GridState, context: GridContext): Step {
  const inRow = editableFrom(context.columns, state.column + 1, 1);
  if (inRow !== null) return { state: at(state, state.row, inRow) };
  const row = state.rows[state.row];
  const isLast = state.row >= state.rows.length - 1;
  if (isLast && row && isEmptyRow(row)) return { state: at(state, state.row, state.column), leave: "forward" };
  const grown = withTail(state, context);
  if (state.row + 1 >= grown.rows.length) return { state: at(grown, state.row, state.column), leave: "forward" };
  return { state: at(grown, state.row + 1, editableFrom(context.columns, 0, 1) ?? 0) };
}

function goPrevious(state: GridState, context: GridContext): Step {
  const inRow = editableFrom(context.columns, state.column - 1, -1);
  if (inRow !== null) return { state: at(state, state.row, inRow) };
  if (state.row === 0) return { state: at(state, 0, state.column), leave: "back" };
  return { state: at(state, state.row - 1, editableFrom(context.columns, context.columns.length - 1, -1) ?? 0) };
}

const clamp = (value: number, last: number) => Math.max(0, Math.min(value, last));

function moved(state: GridState, context: GridContext, rows: number, columns: number): Step {
  const { state: kept, ok } = commit(state, context);
  if (!ok) return { state: kept };
  const grown = withTail(kept, context);
  if (columns === 0) return { state: at(grown, clamp(grown.row + rows, grown.rows.length - 1), grown.column) };
  const column = editableFrom(context.columns, grown.column + columns, columns > 0 ? 1 : -1);
  return { state: at(grown, grown.row, column ?? grown.column) };
}

function escaped(state: GridState): Step {
  if (state.listOpen) return { state: { ...state, listOpen: false } };
  if (state.draft !== null || state.mode === "edit") {
    const undone = state.before ? withRow(state, state.row, state.before) : state;
    return { state: { ...undone, ...rest } };
  }
  return { state, leave: "escape" };
}

function copyAbove(state: GridState, context: GridContext): GridState {
  const column = context.columns[state.column];
  const above = state.rows[state.row - 1];
  const row = state.rows[state.row];
  if (!column || !above || !row) return state;
  if (isEmptyRow(row))
    return withTail({ ...withRow(state, state.row, { ...row, cells: above.cells }), ...rest }, context);
  return { ...withRow(state, state.row, setCell(row, column.name, above.cells[column.name] ?? "", context)), ...rest };
}

function repeatDescription(state: GridState, context: GridContext): GridState {
  const column = context.columns.find((item) => item.kind === "text" && !item.readOnly);
  if (!column) return state;
  const above = state.rows.slice(0, state.row).findLast((row) => row.cells[column.name]);
  const text = above?.cells[column.name] ?? context.defaults[column.name];
  if (!text) return state;
  return { ...withRow(state, state.row, setCell(ownRow(state, context), column.name, text, context)), ...rest };
}

function balanced(state: GridState, context: GridContext): GridState {
  const focused = context.columns[state.column];
  const column =
    focused?.kind === "money" ? focused : context.columns.find((item) => item.kind === "money" && item.total);
  if (!column || column.readOnly) return state;
  const row = ownRow(state, context);
  const rows = state.rows.map((other, index) => (index === state.row ? row : other));
  const amount = context.balance?.(rows, state.row, column) ?? "";
  if (!amount) return state;
  const set = setCell(row, column.name, amount, context);
  return { ...withRow(state, state.row, set), ...rest, column: context.columns.indexOf(column) };
}

function pasted(state: GridState, context: GridContext, matrix: readonly (readonly string[])[]): GridState {
  let made: GridState = { ...state, ...rest };
  matrix.slice(0, context.rowsMax - state.row).forEach((texts, down) => {
    const index = state.row + down;
    while (made.rows.length <= index)
      made = { ...made, rows: [...made.rows, emptyRow(made.nextKey)], nextKey: made.nextKey + 1 };
    let row = made.rows[index] as Row;
    texts.forEach((text, right) => {
      const column = context.columns[state.column + right];
      if (!column || column.readOnly) return;
      const reading = context.read(column, text.normalize("NFC").trim(), row, made.rows[index - 1]);
      row =
        "fault" in reading
          ? {
              ...row,
              cells: { ...row.cells, [column.name]: text },
              wrong: { ...row.wrong, [column.name]: reading.fault },
            }
          : setCell(row, column.name, reading.value, context);
    });
    made = withRow(made, index, row);
  });
  return withTail(made, context);
}

/** One act on the grid. The state that follows, and whether the focus leaves. */
export function step(state: GridState, action: GridAction, context: GridContext): Step {
  switch (action.type) {
    case "focus": {
      if (action.row === state.row && action.column === state.column) return { state };
      const { state: kept, ok } = commit(state, context);
      return { state: ok ? at(withTail(kept, context), clamp(action.row, kept.rows.length - 1), action.column) : kept };
    }
    case "write": {
      const column = context.columns[state.column];
      if (!column || column.readOnly) return { state };
      const before = state.before ?? state.rows[state.row] ?? null;
      const row = state.rows[state.row];
      const own = row && !isEmptyRow(row) ? state : withRow(state, state.row, ownRow(state, context));
      const opens = column.kind === "code" || column.kind === "choice" || (column.kind === "text" && state.listOpen);
      return { state: { ...own, before, draft: action.text, listOpen: opens } };
    }
    case "next": {
      const empty =
        isEmptyRow(state.rows[state.row] ?? emptyRow(0)) && action.take === undefined && state.draft === null;
      if (action.leaveEmpty && empty && state.row > 0 && state.row === state.rows.length - 1) {
        return { state: { ...state, ...rest }, leave: "forward" };
      }
      const { state: kept, ok } = commit(state, context, action.take);
      return ok ? goNext(kept, context) : { state: kept };
    }
    case "previous": {
      const { state: kept, ok } = commit(state, context, action.take);
      return ok ? goPrevious(kept, context) : { state: kept };
    }
    case "move":
      return moved(state, context, action.rows, action.columns);
    case "rowEdge": {
      const { state: kept, ok } = commit(state, context);
      const last = context.columns.length - 1;
      const column = action.end ? editableFrom(context.columns, last, -1) : editableFrom(context.columns, 0, 1);
      return { state: ok ? at(kept, kept.row, column ?? kept.column) : kept };
    }
    case "gridEdge": {
      const { state: kept, ok } = commit(state, context);
      return { state: ok ? at(kept, action.end ? kept.rows.length - 1 : 0, kept.column) : kept };
    }
    case "put":
      return { state: withTail(commit(state, context, action.value).state, context) };
    case "editCell":
      return { state: { ...state, mode: "edit", before: state.before ?? state.rows[state.row] ?? null } };
    case "openList":
      return { state: { ...state, listOpen: true } };
    case "closeList":
      return { state: { ...state, listOpen: false } };
    case "commit": {
      const { state: kept } = commit(state, context);
      return { state: withTail(kept, context) };
    }
    case "copyAbove":
      return { state: copyAbove(state, context) };
    case "repeatDescription":
      return { state: repeatDescription(state, context) };
    case "balance":
      return { state: balanced(state, context) };
    case "insertRow": {
      if (state.rows.length >= context.rowsMax) return { state };
      const { state: kept } = commit(state, context);
      const rows = kept.rows.toSpliced(kept.row, 0, emptyRow(kept.nextKey));
      return {
        state: at({ ...kept, rows, nextKey: kept.nextKey + 1 }, kept.row, editableFrom(context.columns, 0, 1) ?? 0),
      };
    }
    case "deleteRow": {
      const rows = state.rows.toSpliced(state.row, 1);
      const kept = withTail({ ...state, rows, ...rest }, context);
      return { state: at(kept, clamp(state.row, kept.rows.length - 1), kept.column) };
    }
    case "paste":
      return { state: pasted(state, context, action.matrix) };
    case "escape":
      return escaped(state);
  }
}
