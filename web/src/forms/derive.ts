// What follows from what was typed: converted amounts, tax, names of a chosen partner, a reason's pair. Pure.
import type { FieldSpec, GridSpec, PostingSpec, ReasonSpec, VoucherSpec } from "../api/types";
import { type Cells, isEmptyRow, type Row } from "../grid/column";
import type { GridState } from "../grid/state";
import { convertToDong, divideHalfUp, minor, writeScaled } from "../kit/decimal";
import { BASE_CURRENCY } from "./draft";

export type Attributes = (source: string, id: string) => Readonly<Record<string, unknown>> | undefined;

/** Tax in đồng on a net amount, half up; "" for a rate that is none. Rates in letters bear no tax. */
export function taxOf(net: string, rate: string): string {
  if (!net || !rate) return "";
  return /^\d+$/.test(rate) ? writeScaled(divideHalfUp(minor(net, 0) * BigInt(rate), 100n), 0) : "0";
}

/** Attributes of the chosen entry for the fields it fills: only where they are empty, or were filled by the entry before. */
export function fillsOf(
  field: FieldSpec,
  id: string,
  before: string,
  values: Cells,
  attributes: Attributes,
): Record<string, string> {
  const entry = attributes(field.kind, id);
  if (!entry) return {};
  const previous = before ? attributes(field.kind, before) : undefined;
  const filled: Record<string, string> = {};
  for (const { field: target, attribute } of field.fills) {
    const value = entry[attribute];
    const current = values[target] ?? "";
    const wasFilled = previous !== undefined && current === String(previous[attribute] ?? "");
    if (current === "" || wasFilled) filled[target] = typeof value === "string" ? value : "";
  }
  return filled;
}

/** The cells of a row that follow from the one that was changed. */
export function deriveRow(
  grid: GridSpec,
  header: Cells,
  attributes: Attributes,
  row: Row,
  changed: string,
  before: string,
): Cells {
  const cells: Record<string, string> = {};
  const field = grid.columns.find((column) => column.name === changed);
  if (field?.fills.length)
    Object.assign(cells, fillsOf(field, row.cells[changed] ?? "", before, row.cells, attributes));
  const has = (name: string) => grid.columns.some((column) => column.name === name);
  if ((changed === "net_amount" || changed === "tax_rate") && has("tax_amount")) {
    const tax = taxOf(row.cells.net_amount ?? "", row.cells.tax_rate ?? "");
    if (tax) cells.tax_amount = tax;
  }
  const currency = row.cells.currency || header.currency || BASE_CURRENCY;
  const rate = row.cells.rate || header.rate;
  for (const column of grid.columns) {
    const converted = `${column.name}_vnd`;
    if (column.kind !== "money" || !has(converted)) continue;
    if (changed !== column.name && changed !== "currency" && changed !== "rate") continue;
    cells[converted] = currency === BASE_CURRENCY ? "" : convertToDong(row.cells[column.name], rate);
  }
  return cells;
}

/** Where there is only one entry of a detail, an account that carries the detail takes it by itself. */
export function onlyDetails(grid: GridSpec, only: Cells, row: Row, changed: string, carries: readonly string[]): Cells {
  if (changed !== "account") return {};
  const taken = grid.columns.filter(
    (column) => only[column.name] && !row.cells[column.name] && carries.includes(column.kind),
  );
  return Object.fromEntries(taken.map((column) => [column.name, only[column.name] as string]));
}

/** Every row converted anew after the header's currency or rate has changed. */
export function reconvert(grid: GridSpec, state: GridState, header: Cells): GridState {
  const rows = state.rows.map((row) =>
    isEmptyRow(row)
      ? row
      : { ...row, cells: { ...row.cells, ...deriveRow(grid, header, () => undefined, row, "rate", "") } },
  );
  return { ...state, rows };
}

export interface Pair {
  readonly debit: string;
  readonly credit: string;
  readonly cashFlow: string;
}

type Roles = Readonly<Record<string, string>>;

/** The account of a role; money in a foreign currency has accounts of its own where the regime tells them apart. */
export function accountOf(role: string, roles: Roles, currency: string | undefined): string {
  const foreign = (currency || BASE_CURRENCY) !== BASE_CURRENCY;
  return (foreign && roles[`${role}_foreign`]) || (roles[role] ?? "");
}

/** A reason names roles; one of the company's own names accounts. */
export function pairOf(reason: ReasonSpec | undefined, roles: Roles, currency?: string): Pair {
  return {
    debit: reason?.debit ? accountOf(reason.debit, roles, currency) || reason.debit : "",
    credit: reason?.credit ? accountOf(reason.credit, roles, currency) || reason.credit : "",
    cashFlow: reason?.cash_flow ?? "",
  };
}

/** Rows that still carry the old reason's pair take the new one; what a person typed otherwise stays. */
export function repair(state: GridState, before: Pair, after: Pair): GridState {
  const swap = (cells: Cells, name: string, from: string, to: string): Record<string, string> =>
    to && (cells[name] ?? "") === from ? { [name]: to } : {};
  const rows = state.rows.map((row) =>
    isEmptyRow(row)
      ? row
      : {
          ...row,
          cells: {
            ...row.cells,
            ...swap(row.cells, "debit_account", before.debit, after.debit),
            ...swap(row.cells, "credit_account", before.credit, after.credit),
            ...swap(row.cells, "cash_flow", before.cashFlow, after.cashFlow),
          },
        },
  );
  return { ...state, rows };
}

/** A column's own default: role:NAME, header:FIELD, today or a literal. "above" is the ghost's business. */
export function defaultOf(
  field: FieldSpec,
  header: Cells,
  roles: Readonly<Record<string, string>>,
  today: string,
): string {
  const rule = field.default;
  if (rule.startsWith("role:")) return accountOf(rule.slice(5), roles, header.currency);
  if (rule.startsWith("header:")) return header[rule.slice(7)] ?? "";
  if (rule === "today") return today;
  return rule === "above" ? "" : rule;
}

/** The amount in đồng that one row stands for, per side. */
function sides(posting: PostingSpec, row: Row, places: number): { debit: bigint; credit: bigint } {
  if (posting.single) {
    const amount = (side: string) => minor(row.cells[`${side}_amount_vnd`] || row.cells[`${side}_amount`], places);
    return { debit: amount("debit"), credit: amount("credit") };
  }
  const amount = minor(row.cells[posting.converted] || row.cells[posting.amount], places);
  return { debit: amount, credit: amount };
}

export interface Totals {
  readonly debit: bigint;
  readonly credit: bigint;
  readonly total: bigint;
}

/** Debit, credit and the voucher's total in đồng over all grids. */
export function totalsOf(spec: VoucherSpec, grids: Readonly<Record<string, GridState>>): Totals {
  let [debit, credit, total] = [0n, 0n, 0n];
  for (const posting of spec.postings) {
    for (const row of grids[posting.grid]?.rows ?? []) {
      const side = sides(posting, row, 0);
      debit += side.debit;
      credit += side.credit;
      if (posting.in_total) total += side.debit;
    }
  }
  return { debit, credit, total };
}

/**
 * The amount that balances. Single-sided rows: what is missing for debit = credit over the whole voucher. Rows with a
 * pair: what brings the accounts of this row back to nothing within the voucher (an account money only passes through).
 */
export function balancingAmount(
  spec: VoucherSpec,
  grids: Readonly<Record<string, GridState>>,
  grid: string,
  rows: readonly Row[],
  index: number,
  column: string,
  places: number,
): string {
  const posting = spec.postings.find((item) => item.grid === grid);
  if (!posting) return "";
  const others = rows.map((row, at) =>
    at === index ? { ...row, cells: { ...row.cells, [column]: "", [`${column}_vnd`]: "" } } : row,
  );
  if (posting.single) {
    const state = grids[grid];
    const totals = totalsOf(spec, state ? { ...grids, [grid]: { ...state, rows: others } } : grids);
    const missing = column.startsWith("debit") ? totals.credit - totals.debit : totals.debit - totals.credit;
    return missing > 0n ? writeScaled(missing, 0) : "";
  }
  const own = rows[index]?.cells ?? {};
  const net = (account: string | undefined) => {
    let sum = 0n;
    for (const row of others) {
      const amount = minor(row.cells[posting.amount], places);
      if (account && row.cells.debit_account === account) sum += amount;
      if (account && row.cells.credit_account === account) sum -= amount;
    }
    return sum;
  };
  const [fromCredit, fromDebit] = [net(own.credit_account), -net(own.debit_account)];
  const amount = fromCredit > 0n ? fromCredit : fromDebit;
  return amount > 0n ? writeScaled(amount, places) : "";
}
