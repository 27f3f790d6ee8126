// The voucher form's state: one draft, changed by boxes, grids and the reason. It decides nothing the server decides.
import { useCallback, useMemo, useRef, useState } from "react";
import type { Body, FieldSpec, GridSpec, Spec, VoucherSpec } from "../api/types";
import type { Cells, Column, Row } from "../grid/column";
import { type GridAction, type GridContext, ghostsOf, type Leaving, step } from "../grid/state";
import { type CellContext, columnOf, readField } from "./cell";
import { decimalsOf } from "./cellcontext";
import { balancingAmount, defaultOf, deriveRow, fillsOf, pairOf, reconvert, repair, totalsOf } from "./derive";
import { BASE_CURRENCY, type Draft, openDraft, shownColumns } from "./draft";
import type { Sources } from "./sources";

const ROWS_MAX = 10_000;
const NOTHING: Cells = {};

export interface GridModel {
  readonly grid: GridSpec;
  readonly fields: readonly FieldSpec[];
  readonly columns: readonly Column[];
  readonly context: GridContext;
}

export interface Model {
  readonly draft: Draft;
  readonly latest: () => Draft;
  readonly reset: (body: Body) => void;
  readonly replace: (draft: Draft) => void;
  readonly setHeader: (field: FieldSpec, value: string, wrong: string) => void;
  readonly setRest: (change: Body) => void;
  readonly fillEmpty: (body: Body) => void;
  readonly act: (grid: string, action: GridAction) => Leaving | undefined;
  readonly commitAll: () => void;
  readonly grids: readonly GridModel[];
  readonly ghosts: (grid: string, row: number) => Cells;
  readonly foreign: boolean;
  readonly places: number;
}

function withGrids(draft: Draft, change: (name: string) => Draft["grids"][string] | undefined): Draft {
  const grids = Object.fromEntries(Object.entries(draft.grids).map(([name, state]) => [name, change(name) ?? state]));
  return { ...draft, grids };
}

/** What a changed header box brings with it: names of a partner, a rate, converted rows, the reason's pair. */
export function headerChanged(
  voucher: VoucherSpec,
  spec: Spec,
  sources: Sources,
  draft: Draft,
  field: FieldSpec,
  value: string,
): Draft {
  const before = draft.header[field.name] ?? "";
  const attributes = (kind: string, id: string) => sources.entry(kind, id)?.body;
  let header: Record<string, string> = { ...draft.header, [field.name]: value };
  Object.assign(header, fillsOf(field, value, before, draft.header, attributes));
  let next: Draft = { ...draft, header };
  if (field.kind === "currency" || field.name === "rate") {
    if (field.kind === "currency") {
      const currency = spec.currencies.find((item) => item.code === value);
      header = { ...header, rate: value === BASE_CURRENCY || !value ? "1" : (currency?.rate ?? "") };
    }
    next = withGrids({ ...next, header }, (name) => {
      const grid = voucher.grids.find((item) => item.name === name);
      const state = draft.grids[name];
      return grid && state ? reconvert(grid, state, header) : undefined;
    });
  }
  if (field.kind === "reason") {
    const reason = (code: string) => voucher.reasons.find((item) => item.code === code);
    const [from, to] = [pairOf(reason(before), spec.chart.roles), pairOf(reason(value), spec.chart.roles)];
    const described = header.description ?? "";
    if (described === "" || described === reason(before)?.label)
      next = { ...next, header: { ...header, description: reason(value)?.label ?? "" } };
    next = withGrids(next, (name) =>
      name === mainGrid(voucher) && draft.grids[name] ? repair(draft.grids[name], from, to) : undefined,
    );
  }
  if (field.name === "voucher_date" && (draft.header.accounting_date ?? "") === before) {
    next = { ...next, header: { ...next.header, accounting_date: value } };
  }
  return next;
}

/** The grid a reason's pair belongs to: the taxed one, else the first. */
export function mainGrid(voucher: VoucherSpec): string {
  return voucher.tax_base || (voucher.grids[0]?.name ?? "");
}

/** Ghosts of a grid's first row: the server's, the columns' own defaults, the reason's pair. */
function defaultsOf(
  voucher: VoucherSpec,
  spec: Spec,
  grid: GridSpec,
  header: Cells,
  today: string,
  given: Cells,
): Cells {
  const found: Record<string, string> = { ...given };
  for (const column of grid.columns) {
    const value = defaultOf(column, header, spec.chart.roles, today);
    if (value) found[column.name] = value;
  }
  if (grid.name === mainGrid(voucher)) {
    const pair = pairOf(
      voucher.reasons.find((item) => item.code === header.reason),
      spec.chart.roles,
    );
    if (pair.debit) found.debit_account = pair.debit;
    if (pair.credit) found.credit_account = pair.credit;
    if (pair.cashFlow && grid.columns.some((column) => column.name === "cash_flow")) found.cash_flow = pair.cashFlow;
  }
  return found;
}

export function useVoucherModel(
  voucher: VoucherSpec,
  spec: Spec,
  body: Body,
  rowDefaults: Readonly<Record<string, Cells>>,
  sources: Sources,
  context: CellContext,
): Model {
  const held = useRef<Draft>(undefined as unknown as Draft);
  const [draft, setDraft] = useState<Draft>(() => {
    held.current = openDraft(voucher, body);
    return held.current;
  });
  const set = useCallback((change: (draft: Draft) => Draft) => {
    held.current = change(held.current);
    setDraft(held.current);
  }, []);

  const currency = draft.header.currency || BASE_CURRENCY;
  const foreign = currency !== BASE_CURRENCY;
  const places = decimalsOf(spec.currencies, currency);

  const foreignRows = voucher.grids
    .filter(
      (grid) => shownColumns(grid, false, draft.grids[grid.name]).length > shownColumns(grid, false, undefined).length,
    )
    .map((grid) => grid.name)
    .join(" ");

  const grids = useMemo<GridModel[]>(
    () =>
      voucher.grids.map((grid) => {
        const fields = shownColumns(grid, foreign || foreignRows.split(" ").includes(grid.name), undefined);
        const columns = fields.map((field) => columnOf(field, places));
        const fieldOf = new Map(grid.columns.map((field) => [field.name, field]));
        const attributes = (kind: string, id: string) => sources.entry(kind, id)?.body;
        const gridContext: GridContext = {
          columns,
          defaults: defaultsOf(voucher, spec, grid, draft.header, context.today, rowDefaults[grid.name] ?? NOTHING),
          rowsMax: ROWS_MAX,
          read: (column, text, row, above) => {
            const field = fieldOf.get(column.name);
            if (!field) return { value: text };
            const own = row.cells.currency ? decimalsOf(spec.currencies, row.cells.currency) : places;
            return readField(field, own, text, row.cells[column.name] || above?.cells[column.name] || "", context);
          },
          derive: (row: Row, changed: string) => {
            const state = held.current.grids[grid.name];
            const before = state?.rows.find((item) => item.key === row.key)?.cells[changed] ?? "";
            return deriveRow(grid, held.current.header, attributes, row, changed, before);
          },
          balance: (rows, index, column) =>
            balancingAmount(voucher, held.current.grids, grid.name, rows, index, column.name, column.places),
        };
        return { grid, fields, columns, context: gridContext };
      }),
    [voucher, spec, foreign, foreignRows, places, draft.header, rowDefaults, sources, context],
  );
  const gridsRef = useRef(grids);
  gridsRef.current = grids;

  /** The first tax row begins with what is not yet taxed. */
  const contextOf = useCallback(
    (name: string): GridContext | undefined => {
      const found = gridsRef.current.find((item) => item.grid.name === name);
      if (found?.grid.kind !== "taxes" || !voucher.tax_base) return found?.context;
      const base = voucher.postings.find((posting) => posting.grid === voucher.tax_base);
      const state = held.current.grids[name];
      if (!base || !state || !found.columns.some((column) => column.name === "net_amount")) return found.context;
      const taxed = state.rows.reduce(
        (sum, row) => sum + BigInt(/^-?\d+$/.test(row.cells.net_amount ?? "") ? (row.cells.net_amount as string) : 0),
        0n,
      );
      const only = { ...voucher, postings: [base] };
      const left = totalsOf(only, held.current.grids).debit - taxed;
      return left > 0n
        ? { ...found.context, defaults: { ...found.context.defaults, net_amount: left.toString() } }
        : found.context;
    },
    [voucher],
  );

  const act = useCallback(
    (name: string, action: GridAction): Leaving | undefined => {
      const state = held.current.grids[name];
      const gridContext = contextOf(name);
      if (!state || !gridContext) return undefined;
      const after = step(state, action, gridContext);
      if (after.state !== state) set((old) => ({ ...old, grids: { ...old.grids, [name]: after.state } }));
      return after.leave;
    },
    [set, contextOf],
  );

  return {
    draft,
    latest: () => held.current,
    reset: (next) => set(() => openDraft(voucher, next)),
    replace: (next) => set(() => next),
    setHeader: (field, value, wrong) =>
      set((old) => {
        const bad = Object.fromEntries(Object.entries(old.wrong).filter(([name]) => name !== field.name));
        if (wrong)
          return { ...old, header: { ...old.header, [field.name]: value }, wrong: { ...bad, [field.name]: wrong } };
        return { ...headerChanged(voucher, spec, sources, old, field, value), wrong: bad };
      }),
    setRest: (change) => set((old) => ({ ...old, rest: { ...old.rest, ...change } })),
    fillEmpty: (past) =>
      set((old) => {
        const other = openDraft(voucher, past);
        const keep = new Set(["number", "voucher_date", "accounting_date"]);
        const header = Object.fromEntries(
          Object.entries(old.header).map(([name, value]) => [
            name,
            value || keep.has(name) ? value : (other.header[name] ?? ""),
          ]),
        );
        const next = { ...old, header };
        return withGrids(next, (name) => {
          const empty = old.grids[name]?.rows.every((row) => Object.values(row.cells).every((value) => value === ""));
          return empty ? other.grids[name] : undefined;
        });
      }),
    act,
    commitAll: () => {
      for (const name of Object.keys(held.current.grids)) act(name, { type: "commit" });
    },
    grids,
    ghosts: (name, row) => {
      const state = held.current.grids[name];
      const gridContext = contextOf(name);
      return state && gridContext ? ghostsOf(state, row, gridContext) : NOTHING;
    },
    foreign,
    places,
  };
}
