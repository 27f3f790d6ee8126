// The voucher form's state: one draft, changed by boxes, grids and the reason. It decides nothing the server decides.
//
// The draft lives outside React: a keystroke in a grid is heard by that grid and the totals only, not by the whole form.
import { useSyncExternalStore } from "react";
import type { Body, FieldSpec, GridSpec, Spec, VoucherSpec } from "../api/types";
import { type Cells, type Column, isEmptyRow, type Row } from "../grid/column";
import { type GridAction, type GridContext, ghostsOf, type Leaving, step } from "../grid/state";
import { type CellContext, columnOf, readField } from "./cell";
import { decimalsOf } from "./cellcontext";
import {
  balancingAmount,
  defaultOf,
  deriveRow,
  fillsOf,
  onlyDetails,
  type Pair,
  pairOf,
  reconvert,
  repair,
  totalsOf,
} from "./derive";
import { BASE_CURRENCY, type Draft, openDraft, shownColumns } from "./draft";
import { CATALOG_CELLS, type Sources } from "./sources";

const ROWS_MAX = 10_000;
const NOTHING: Cells = {};
const DAYS_AND_NUMBER = new Set(["number", "voucher_date", "accounting_date"]);

export interface GridShape {
  readonly grid: GridSpec;
  readonly fields: readonly FieldSpec[];
  readonly columns: readonly Column[];
}

/** What a model needs that changes while it lives: catalogs arrive, the language changes. */
interface Equipment {
  readonly sources: Sources;
  readonly context: CellContext;
  readonly rowDefaults: Readonly<Record<string, Cells>>;
}

function withGrids(draft: Draft, change: (name: string) => Draft["grids"][string] | undefined): Draft {
  const grids = Object.fromEntries(Object.entries(draft.grids).map(([name, state]) => [name, change(name) ?? state]));
  return { ...draft, grids };
}

/** The grid a reason's pair belongs to: the taxed one, else the first. */
export function mainGrid(voucher: VoucherSpec): string {
  return voucher.tax_base || (voucher.grids[0]?.name ?? "");
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
    const chosen = voucher.reasons.find((item) => item.code === header.reason);
    const pair = (currency: string | undefined) => pairOf(chosen, spec.chart.roles, currency);
    next = withGrids({ ...next, header }, (name) => {
      const grid = voucher.grids.find((item) => item.name === name);
      const state = draft.grids[name];
      if (!grid || !state) return undefined;
      const repaired =
        name === mainGrid(voucher) ? repair(state, pair(draft.header.currency), pair(header.currency)) : state;
      return reconvert(grid, repaired, header);
    });
  }
  if (field.kind === "reason") {
    const reason = (code: string) => voucher.reasons.find((item) => item.code === code);
    const [from, to] = [before, value].map((code) => pairOf(reason(code), spec.chart.roles, header.currency)) as [
      Pair,
      Pair,
    ];
    const described = header.description ?? "";
    if (described === "" || described === reason(before)?.label) {
      next = { ...next, header: { ...header, description: reason(value)?.label ?? "" } };
    }
    next = withGrids(next, (name) =>
      name === mainGrid(voucher) && draft.grids[name] ? repair(draft.grids[name], from, to) : undefined,
    );
  }
  if (field.name === "voucher_date" && (draft.header.accounting_date ?? "") === before) {
    next = { ...next, header: { ...next.header, accounting_date: value } };
  }
  return next;
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
      header.currency,
    );
    if (pair.debit) found.debit_account = pair.debit;
    if (pair.credit) found.credit_account = pair.credit;
    if (pair.cashFlow && grid.columns.some((column) => column.name === "cash_flow")) found.cash_flow = pair.cashFlow;
  }
  return found;
}

export class VoucherModel {
  draft: Draft;
  private equipment: Equipment | null = null;
  private readonly hearers = new Set<() => void>();
  private readonly shapes = new Map<string, { mark: string; shape: GridShape }>();
  private readonly contexts = new Map<
    string,
    { header: Cells; equipment: Equipment; shape: GridShape; context: GridContext }
  >();

  constructor(
    private voucher: VoucherSpec,
    private readonly spec: Spec,
    body: Body,
  ) {
    this.draft = openDraft(voucher, body);
  }

  /** Told at every drawing; remembers what is new. The type changes when the company's own reasons have arrived. */
  equip(voucher: VoucherSpec, sources: Sources, context: CellContext, rowDefaults: Equipment["rowDefaults"]): void {
    const { equipment } = this;
    const same =
      equipment?.sources === sources && equipment.context === context && equipment.rowDefaults === rowDefaults;
    if (same && voucher === this.voucher) return;
    if (voucher !== this.voucher) this.shapes.clear(); // its words may be those of another language now
    this.voucher = voucher;
    this.equipment = { sources, context, rowDefaults };
  }

  readonly subscribe = (hear: () => void): (() => void) => {
    this.hearers.add(hear);
    return () => this.hearers.delete(hear);
  };

  private set(next: Draft): void {
    if (next === this.draft) return;
    this.draft = next;
    for (const hear of this.hearers) hear();
  }

  private get tools(): Equipment {
    if (!this.equipment) throw new Error("the model has no equipment yet");
    return this.equipment;
  }

  get currency(): string {
    return this.draft.header.currency || BASE_CURRENCY;
  }

  get foreign(): boolean {
    return this.currency !== BASE_CURRENCY;
  }

  get places(): number {
    return decimalsOf(this.spec.currencies, this.currency);
  }

  /** Columns of a grid as they are shown now; the same object while nothing about them has changed. */
  shape(name: string): GridShape | undefined {
    const grid = this.voucher.grids.find((item) => item.name === name);
    if (!grid) return undefined;
    const fields = shownColumns(grid, this.foreign, this.draft.grids[name]);
    const mark = `${fields.length} ${this.places}`;
    const kept = this.shapes.get(name);
    if (kept?.mark === mark) return kept.shape;
    const shape = { grid, fields, columns: fields.map((field) => columnOf(field, this.places)) };
    this.shapes.set(name, { mark, shape });
    return shape;
  }

  private context(name: string): GridContext | undefined {
    const shape = this.shape(name);
    const tools = this.tools;
    if (!shape) return undefined;
    const kept = this.contexts.get(name);
    const { header } = this.draft;
    const fresh = kept && kept.header === header && kept.equipment === tools && kept.shape === shape;
    const context = fresh ? kept.context : this.makeContext(shape, tools);
    if (!fresh) this.contexts.set(name, { header, equipment: tools, shape, context });
    return this.withUntaxed(shape, context);
  }

  private makeContext(shape: GridShape, { sources, context, rowDefaults }: Equipment): GridContext {
    const { voucher, spec } = this;
    const { grid } = shape;
    const fieldOf = new Map(grid.columns.map((field) => [field.name, field]));
    const attributes = (kind: string, id: string) => sources.entry(kind, id)?.body;
    const given = Object.entries(rowDefaults[grid.name] ?? NOTHING);
    const details = new Set<string>(CATALOG_CELLS);
    const isDetail = ([name]: readonly [string, string]) => details.has(fieldOf.get(name)?.kind ?? "");
    const only = Object.fromEntries(given.filter(isDetail));
    const plain = Object.fromEntries(given.filter((item) => !isDetail(item)));
    const carries = (code = "") => spec.chart.accounts.find((item) => item.code === code)?.carries ?? [];
    return {
      columns: shape.columns,
      defaults: defaultsOf(voucher, spec, grid, this.draft.header, context.today, plain),
      rowsMax: ROWS_MAX,
      read: (column, text, row, above) => {
        const field = fieldOf.get(column.name);
        if (!field) return { value: text };
        const own = row.cells.currency ? decimalsOf(spec.currencies, row.cells.currency) : this.places;
        return readField(field, own, text, row.cells[column.name] || above?.cells[column.name] || "", context);
      },
      derive: (row: Row, changed: string) => {
        const before = this.draft.grids[grid.name]?.rows.find((item) => item.key === row.key)?.cells[changed] ?? "";
        return {
          ...deriveRow(grid, this.draft.header, attributes, row, changed, before),
          ...onlyDetails(grid, only, row, changed, carries(row.cells.account)),
        };
      },
      balance: (rows, index, column) =>
        balancingAmount(voucher, this.draft.grids, grid.name, rows, index, column.name, column.places),
    };
  }

  /** A fresh tax row begins with what is not yet taxed. */
  private withUntaxed(shape: GridShape, context: GridContext): GridContext {
    const { voucher } = this;
    if (shape.grid.kind !== "taxes" || !voucher.tax_base) return context;
    const base = voucher.postings.find((posting) => posting.grid === voucher.tax_base);
    const rows = this.draft.grids[shape.grid.name]?.rows ?? [];
    if (!base || !shape.columns.some((column) => column.name === "net_amount")) return context;
    const taxed = rows.reduce(
      (sum, row) => sum + (/^-?\d+$/.test(row.cells.net_amount ?? "") ? BigInt(row.cells.net_amount as string) : 0n),
      0n,
    );
    const left = totalsOf({ ...voucher, postings: [base] }, this.draft.grids).debit - taxed;
    return left > 0n ? { ...context, defaults: { ...context.defaults, net_amount: left.toString() } } : context;
  }

  ghosts(name: string, row: number): Cells {
    const state = this.draft.grids[name];
    const context = state?.rows[row] && isEmptyRow(state.rows[row]) ? this.context(name) : undefined;
    return state && context ? ghostsOf(state, row, context) : NOTHING;
  }

  reset(body: Body): void {
    this.set(openDraft(this.voucher, body));
  }

  setHeader(field: FieldSpec, value: string, wrong: string): void {
    const old = this.draft;
    const bad = Object.fromEntries(Object.entries(old.wrong).filter(([name]) => name !== field.name));
    if (wrong) {
      this.set({ ...old, header: { ...old.header, [field.name]: value }, wrong: { ...bad, [field.name]: wrong } });
    } else this.set({ ...headerChanged(this.voucher, this.spec, this.tools.sources, old, field, value), wrong: bad });
  }

  setRest(change: Body): void {
    this.set({ ...this.draft, rest: { ...this.draft.rest, ...change } });
  }

  /** Fills what is still empty from a past voucher; what was typed stays. */
  fillEmpty(past: Body): void {
    const old = this.draft;
    const other = openDraft(this.voucher, past);
    const header = Object.fromEntries(
      Object.entries(old.header).map(([name, value]) => [
        name,
        value || DAYS_AND_NUMBER.has(name) ? value : (other.header[name] ?? ""),
      ]),
    );
    this.set(
      withGrids({ ...old, header }, (name) =>
        old.grids[name]?.rows.every(isEmptyRow) ? other.grids[name] : undefined,
      ),
    );
  }

  /** One act on a grid; answers where the focus leaves to. */
  act(name: string, action: GridAction): Leaving | undefined {
    const state = this.draft.grids[name];
    const context = this.context(name);
    if (!state || !context) return undefined;
    const after = step(state, action, context);
    if (after.state !== state) this.set({ ...this.draft, grids: { ...this.draft.grids, [name]: after.state } });
    return after.leave;
  }

  /** Takes what stands half-typed in any grid. */
  commitAll(): void {
    for (const name of Object.keys(this.draft.grids)) this.act(name, { type: "commit" });
  }
}

/** A part of the draft, heard only when that part changes. */
export function useDraft<Part>(model: VoucherModel, part: (draft: Draft) => Part): Part {
  return useSyncExternalStore(model.subscribe, () => part(model.draft));
}
