// The entry grid's key table: what an act of the keymap does in the state the grid is in. Pure.
import type { GridAction, GridState } from "./state";

const ROWS_PER_PAGE = 10;

export interface KeyPlace {
  /** The suggestion that Enter or Tab would accept: its value, or undefined where none is highlighted. */
  readonly highlighted: string | undefined;
  readonly caretAtStart: boolean;
  readonly caretAtEnd: boolean;
}

export type KeyEffect =
  | { readonly kind: "step"; readonly action: GridAction }
  | { readonly kind: "highlight"; readonly by: number }
  | { readonly kind: "create" }
  | { readonly kind: "pass" }; // the input's own business: caret, selection

const stepTo = (action: GridAction): KeyEffect => ({ kind: "step", action });
const PASS: KeyEffect = { kind: "pass" };

/** What the act `id` (of scope "grid") does now. "pass" leaves the key to the live input. */
export function gridKey(id: string, state: GridState, place: KeyPlace): KeyEffect {
  const editing = state.mode === "edit" || state.draft !== null;
  const take = state.listOpen && place.highlighted !== undefined ? { take: place.highlighted } : {};
  switch (id) {
    case "next_cell":
      return stepTo({ type: "next", leaveEmpty: true, ...take });
    case "next_tab":
      return stepTo({ type: "next", leaveEmpty: false, ...take });
    case "previous_cell":
      return stepTo({ type: "previous", ...take });
    case "up":
    case "down": {
      const by = id === "up" ? -1 : 1;
      return state.listOpen ? { kind: "highlight", by } : stepTo({ type: "move", rows: by, columns: 0 });
    }
    case "page_up":
    case "page_down": {
      const by = id === "page_up" ? -ROWS_PER_PAGE : ROWS_PER_PAGE;
      return state.listOpen ? { kind: "highlight", by } : stepTo({ type: "move", rows: by, columns: 0 });
    }
    case "left":
      return editing && !(state.draft === null && place.caretAtStart)
        ? PASS
        : stepTo({ type: "move", rows: 0, columns: -1 });
    case "right":
      return editing && !(state.draft === null && place.caretAtEnd)
        ? PASS
        : stepTo({ type: "move", rows: 0, columns: 1 });
    case "row_start":
      return editing ? PASS : stepTo({ type: "rowEdge", end: false });
    case "row_end":
      return editing ? PASS : stepTo({ type: "rowEdge", end: true });
    case "first":
      return stepTo({ type: "gridEdge", end: false });
    case "last":
      return stepTo({ type: "gridEdge", end: true });
    case "edit_cell":
      return stepTo({ type: "editCell" });
    case "open_list":
      return stepTo({ type: "openList" });
    case "new_entry":
      return { kind: "create" };
    case "copy_above":
      return stepTo({ type: "copyAbove" });
    case "repeat_description":
      return stepTo({ type: "repeatDescription" });
    case "balance":
      return stepTo({ type: "balance" });
    case "insert_row":
      return stepTo({ type: "insertRow" });
    case "delete_row":
      return stepTo({ type: "deleteRow" });
    case "escape":
      return stepTo({ type: "escape" });
    default:
      return PASS;
  }
}
