// What a column of the entry grid is. Five kinds of cell: text, code (a choice from a catalog), money, day, choice.

export type CellKind = "text" | "code" | "money" | "day" | "choice";

export interface Column {
  readonly name: string;
  readonly kind: CellKind;
  readonly label: string;
  readonly width: number; // in characters
  readonly required: boolean;
  /** A new row shows the value of the row above as a ghost. */
  readonly repeat: boolean;
  readonly readOnly: boolean;
  /** A sum stands below the grid. */
  readonly total: boolean;
  /** Money: decimals of the amount. */
  readonly places: number;
  /** Code and choice: the catalog or list the value comes from. */
  readonly source: string;
  readonly lengthMax: number;
}

export type Cells = Readonly<Record<string, string>>;

export interface Row {
  readonly key: number;
  readonly cells: Cells;
  /** Fault codes of cells whose typed text could not be read; the text itself stays in `cells`. */
  readonly wrong: Cells;
}

/** A row nobody typed in: only ghosts, or nothing. It is never saved. */
export function isEmptyRow(row: Row): boolean {
  return Object.values(row.cells).every((value) => value === "");
}

export interface Option {
  readonly value: string;
  readonly code: string;
  readonly name: string;
  readonly hint?: string;
}
