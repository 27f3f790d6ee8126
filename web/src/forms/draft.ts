// A voucher being typed: header values and grids, to and from the body that travels. Pure.
import type { Body, FieldSpec, GridSpec, Value, VoucherSpec } from "../api/types";
import { type Cells, isEmptyRow } from "../grid/column";
import { filledRows, type GridState, openGrid } from "../grid/state";

export interface Draft {
  readonly header: Cells;
  /** Fault codes of header boxes whose text could not be read. */
  readonly wrong: Cells;
  readonly grids: Readonly<Record<string, GridState>>;
  /** What the body says beside the spec's own fields: type, branch, books, corrects. */
  readonly rest: Body;
  /** The body this began from, to know whether anything was changed. */
  readonly from: string;
}

export const BASE_CURRENCY = "VND";

function textOf(value: Value | undefined): string {
  if (value === undefined || value === null || value === false) return "";
  if (value === true) return "true";
  return typeof value === "object" ? "" : String(value);
}

export function allFields(spec: VoucherSpec): FieldSpec[] {
  return [...spec.header, ...spec.grids.flatMap((grid) => grid.columns)];
}

/** Columns of a grid as shown: those of foreign money only where the voucher, or one of the grid's own rows, is foreign. */
export function shownColumns(grid: GridSpec, foreign: boolean, state: GridState | undefined): FieldSpec[] {
  const rows = state?.rows.some((row) => row.cells.currency && row.cells.currency !== BASE_CURRENCY) ?? false;
  return grid.columns.filter((column) => foreign || rows || !column.foreign_only);
}

export function openDraft(spec: VoucherSpec, body: Body): Draft {
  const known = new Set(spec.header.map((field) => field.name));
  const gridNames = new Set(spec.grids.map((grid) => grid.name));
  const header = Object.fromEntries(spec.header.map((field) => [field.name, textOf(body[field.name])]));
  const grids = Object.fromEntries(
    spec.grids.map((grid) => {
      const rows = Array.isArray(body[grid.name]) ? (body[grid.name] as Body[]) : [];
      return [
        grid.name,
        openGrid(
          rows.map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, textOf(value)]))),
        ),
      ];
    }),
  );
  const rest = Object.fromEntries(Object.entries(body).filter(([name]) => !known.has(name) && !gridNames.has(name)));
  const draft: Draft = { header, wrong: {}, grids, rest, from: "" };
  return { ...draft, from: JSON.stringify(bodyOf(spec, draft)) };
}

function wireValue(field: FieldSpec, text: string): Value | undefined {
  if (text === "") return undefined;
  if (field.kind === "count") return /^\d+$/.test(text) ? Number(text) : text;
  if (field.kind === "flag") return true;
  return text;
}

/** The body to send: empty values left out, empty rows left out, đồng columns only beside foreign money. */
export function bodyOf(spec: VoucherSpec, draft: Draft): Body {
  const body: Body = { ...draft.rest };
  for (const field of spec.header) {
    const value = wireValue(field, draft.header[field.name] ?? "");
    if (value !== undefined) body[field.name] = value;
  }
  const currency = draft.header.currency || BASE_CURRENCY;
  for (const grid of spec.grids) {
    const rows = filledRows(draft.grids[grid.name] ?? openGrid([])).map((row) => {
      const foreign = (row.cells.currency || currency) !== BASE_CURRENCY;
      const cells: Body = {};
      for (const column of grid.columns) {
        const value = column.foreign_only && !foreign ? undefined : wireValue(column, row.cells[column.name] ?? "");
        if (value !== undefined) cells[column.name] = value;
      }
      return cells;
    });
    if (rows.length) body[grid.name] = rows;
  }
  return body;
}

export function isChanged(spec: VoucherSpec, draft: Draft): boolean {
  const typing = Object.values(draft.grids).some((grid) => grid.draft !== null);
  return typing || JSON.stringify(bodyOf(spec, draft)) !== draft.from;
}

/** Places whose text could not be read: "number", "lines.0.amount" (rows from 0). */
export function wrongPlaces(draft: Draft): Record<string, string> {
  const places: Record<string, string> = { ...draft.wrong };
  for (const [name, grid] of Object.entries(draft.grids)) {
    grid.rows.forEach((row, index) => {
      if (isEmptyRow(row)) return;
      for (const [column, fault] of Object.entries(row.wrong)) places[`${name}.${index}.${column}`] = fault;
    });
  }
  return places;
}

/** A place on the screen in words ("Dòng 2, Số tiền"), empty where there is none. */
export function placeInWords(spec: VoucherSpec, place: string, rowWord: string): string {
  const [name, row, column] = place.split(".");
  if (row === undefined) return spec.header.find((field) => field.name === name)?.label ?? "";
  const grid = spec.grids.find((item) => item.name === name);
  const label = grid?.columns.find((item) => item.name === column)?.label ?? "";
  return grid ? [`${rowWord} ${Number(row) + 1}`, label].filter(Boolean).join(", ") : "";
}

/** A server's place ("lines.3.amount", counted from 1 over filled rows) as ours (from 0 over the rows on the screen). */
export function placeOnScreen(draft: Draft, place: string): string {
  const found = /^(\w+)\.(\d+)(?:\.(\w+))?$/.exec(place);
  const grid = found ? draft.grids[found[1] ?? ""] : undefined;
  if (!found || !grid) return place;
  const row = filledRows(grid)[Number(found[2]) - 1];
  const index = row ? grid.rows.indexOf(row) : Number(found[2]) - 1;
  return `${found[1]}.${index}.${found[3] ?? ""}`;
}
